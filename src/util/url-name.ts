/** Names as parts of URLs and of file names. */

/**
 * Returns the name with all characters replaced except letters, digits, `.`, `-` and `_`; never empty, and never the
 * name of a hidden file.
 */
export function urlName(name: string): string {
  return name.replace(/[^\w.-]+/g, "_").replace(/^[.-]+/, "") || "vultus";
}
