/** `vultus models`: the backbones that can be trained. */

import { Command } from "commander";
import { describe } from "../../models/classifier.ts";
import { backbones } from "../../models/registry.ts";
import { result, resultJson } from "../output.ts";

export function modelsCommand(): Command {
  return new Command("models")
    .description("list the backbones, their stages, size and cost")
    .option("--json", "print JSON")
    .action(({ json }: { json?: boolean }) => {
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
          stages: [...backbone.stages],
        };
      });
      if (json) return resultJson(rows);
      for (const { name, inputSize, parameters, macs, stages } of rows) {
        const size = `${(parameters / 1e6).toFixed(1)} M parameters, ${(macs / 1e9).toFixed(2)} GMAC at ${inputSize} px`;
        result(`${name.padEnd(15)} ${size.padEnd(45)} ${stages.join(" ")}`);
      }
    });
}
