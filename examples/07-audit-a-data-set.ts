/** Finds errors in a data set: here a copy on both sides of the split, and one image with two labels. */

import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { audit, writeSyntheticFaces } from "vultus";

const data = mkdtempSync(join(tmpdir(), "vultus-example-"));
try {
  await writeSyntheticFaces(data, { perClass: 10, validationPerClass: 5, seed: 1 });
  const file = (name: string) => join(data, name);
  copyFileSync(file("train/happy/0001.png"), file("validation/happy/copy.png"));
  copyFileSync(file("train/sad/0001.png"), file("train/angry/copy.png"));

  const { summary, duplicates } = await audit(data);
  for (const { pictures, labels, splits } of duplicates)
    console.log(
      `${pictures.map(({ id }) => id).join(" = ")}: ${labels.join(" and ")}, in ${splits.join(" and ")}`,
    );
  if (summary.duplicateGroups !== 2 || summary.conflictingGroups !== 1)
    throw new Error("expected two groups of copies, one of them with two labels");
} finally {
  rmSync(data, { recursive: true, force: true });
}
