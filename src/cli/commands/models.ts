/** `vultus models`: the backbones that can be trained, and the weights that `--weights` has for each. */

import { Command } from "commander";
import { describe } from "../../models/classifier.ts";
import { backbones } from "../../models/registry.ts";
import { shippedModels } from "../../weights/shipped.node.ts";
import { sources } from "../../weights/sources.ts";
import { result, resultJson } from "../output.ts";

export function modelsCommand(): Command {
  return new Command("models")
    .description("list the backbones: size, cost, the weights to start from, and stages")
    .option("--json", "print JSON")
    .action(({ json }: { json?: boolean }) => {
      const shipped = shippedModels();
      const rows = backbones.map((backbone) => {
        const { size } = backbone.preprocessing;
        const architecture = {
          backbone,
          head: "linear",
          classes: ["a", "b"],
          dropout: 0,
          inputSize: size,
          resize: 1,
        } as const;
        const stages = describe(architecture).stages.filter((stage) => stage.name !== "head");
        return {
          name: backbone.name,
          inputSize: size,
          features: backbone.features,
          parameters: stages.reduce((sum, stage) => sum + stage.parameters, 0),
          macs: Math.round(stages.reduce((sum, stage) => sum + stage.macs, 0)),
          weights: [
            ...(sources[backbone.name]?.length ? ["imagenet"] : []),
            ...(shipped.includes(backbone.name) ? ["vultus"] : []),
          ],
          stages: [...backbone.stages],
        };
      });
      if (json) return resultJson(rows);
      for (const { name, inputSize, parameters, macs, weights, stages } of rows) {
        const size = `${(parameters / 1e6).toFixed(1)} M parameters, ${(macs / 1e9).toFixed(2)} GMAC at ${inputSize} px`;
        const from = weights.join(", ") || "a file";
        result(`${name.padEnd(15)} ${size.padEnd(45)} ${from.padEnd(10)} ${stages.join(" ")}`);
      }
    });
}
