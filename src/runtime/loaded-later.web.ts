/** The location of code that is loaded later: a separate file, unless a bundler merged everything into one. */

export const address = import.meta.url;
