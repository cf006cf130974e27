/** Names as parts of addresses and of files. */

/** The name with everything but letters, digits, `.`, `-` and `_` replaced; never empty, and never a hidden file's. */
export function urlName(name: string): string {
  return name.replace(/[^\w.-]+/g, "_").replace(/^[.-]+/, "") || "vultus";
}
