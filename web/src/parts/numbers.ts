/** Numbers in the format of the page. */

/** A share from 0 to 1 in whole percent, with a narrow no-break space. */
export function share(value: number): string {
  return `${Math.round(value * 100)}\u202f%`;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
