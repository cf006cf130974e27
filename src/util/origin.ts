/** The origin of code. */

/**
 * Whether the code at this address (its `import.meta.url`) came from a different host than the page that runs it. Some
 * bundlers put a file URL there, which carries no information; such code counts as the page's own.
 */
export function isFromElsewhere(address: string): boolean {
  const { protocol, origin } = new URL(address);
  return protocol.startsWith("http") && origin !== globalThis.location?.origin;
}
