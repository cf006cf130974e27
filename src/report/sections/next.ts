/** Next steps for the reader: what would improve the model, and how to use it now. */

import { adviceFor } from "../advice.ts";
import { commandHtml, vultus } from "../commands.ts";
import { paragraph, type Section } from "../html.ts";
import { escape } from "../page.ts";
import type { RunRecord } from "../run-record.ts";

export function next(run: RunRecord): Section | undefined {
  const advice = adviceFor(run, run.folder);
  if (advice.length === 0) return undefined;
  const items = advice.map(({ title, text, command }) => {
    const pasted = command ? commandHtml(vultus(...command)) : "";
    return `<li><strong>${escape(title)}</strong>${paragraph(text)}${pasted}</li>`;
  });
  return { id: "next", title: "What to do next", html: `<ol class="steps">${items.join("\n")}</ol>` };
}

/** How to use the model; undefined for a run without a model. */
export function use({ folder, evaluation }: RunRecord): Section | undefined {
  if (!evaluation) return undefined;
  const file = `${folder}/best.onnx`;
  const commands: [string, string][] = [
    [
      "Find the faces in a photo and classify their expressions",
      vultus("predict", "photo.jpg", "--model", folder),
    ],
    ["Serve it over HTTP, with a page to try it", vultus("serve", "--model", folder)],
    ["Measure it on other labelled images, one folder per class", vultus("evaluate", folder, "other-images")],
    ["Write a single file for other programs", vultus("export", folder, "--to", "bundle")],
  ];
  return {
    id: "use",
    title: "How to use this model",
    html: [
      ...commands.map(([what, command]) => `${paragraph(`${what}:`)}${commandHtml(command)}`),
      "<h3>In Node</h3>",
      code(nodeProgram(folder)),
      "<h3>In Python, with ONNX Runtime</h3>",
      paragraph(
        "The file includes the preprocessing: give it RGB images of any size, each cropped to one face.",
      ),
      code(pythonProgram(file, evaluation.classes)),
    ].join("\n"),
  };
}

export function nodeProgram(folder: string): string {
  return `import { loadModel, predict } from "vultus";

const model = await loadModel({ model: ${JSON.stringify(folder)} });
const { faces } = await predict(model, "photo.jpg");
for (const { label, probabilities } of faces) console.log(label, probabilities);
await model.close();`;
}

export function pythonProgram(file: string, classes: readonly string[]): string {
  return `import numpy, onnxruntime
from PIL import Image

classes = ${JSON.stringify(classes)}
model = onnxruntime.InferenceSession(${JSON.stringify(file)})
face = numpy.asarray(Image.open("face.png").convert("RGB"))
[probabilities] = model.run(["probabilities"], {"pictures": face[None]})
print(dict(zip(classes, probabilities[0])))`;
}

function code(text: string): string {
  return `<pre tabindex="0"><code>${escape(text)}</code></pre>`;
}

export const nextStyle = `
.steps { padding-left: 1.4rem; max-width: 46rem; }
.steps li { margin: 0 0 1.1rem; padding-left: .3rem; }
.steps li::marker { font-weight: 600; color: var(--blue); }
.steps p { margin: .2rem 0; }
pre code { font-size: 1em; }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; }
`;
