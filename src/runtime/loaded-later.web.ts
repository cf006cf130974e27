/** Where code that is loaded later lies: in a file of its own, unless a bundler put everything into one. */

export const address = import.meta.url;
