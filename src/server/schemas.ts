/** What goes in and comes out: the schemas that check requests are those that the OpenAPI document shows. */

import { z } from "zod";
import { Problem, type ProblemCode, problems } from "./problems.ts";

const model = z
  .string()
  .optional()
  .describe("The name of a model, where several are served; the first is used where none is named.");

/** Which model is asked about. */
export const modelQuerySchema = z.strictObject({ model });

/** How a request's images are looked at. */
export const querySchema = z.strictObject({
  faces: z.enum(["all", "largest"]).default("all").describe("All faces of an image, or the largest only."),
  threshold: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("A face whose greatest probability is smaller gets the label null: not sure."),
  prior: z
    .string()
    .optional()
    .describe(
      "The class prior that probabilities are shifted to: trained, uniform, uniform:0.5 (half way), or shares such as happy=0.3,neutral=0.4, of which the other classes divide the rest as in training. Left out, it is the service's.",
    ),
  detect: z
    .enum(["true", "false"])
    .optional()
    .describe("Whether faces are looked for, as is usual; false takes every image as one face crop."),
  model,
});

/** Images as JSON. */
export const jsonBodySchema = z.strictObject({
  pictures: z
    .array(z.string())
    .min(1)
    .describe("Each a file of an image in base64; a data: address is taken too."),
});

const milliseconds = z.number().min(0);
const pixels = z.number().describe("In pixels of the image as it is looked at, upright.");

const faceSchema = z.object({
  box: z.object({ x: pixels, y: pixels, width: pixels, height: pixels }),
  score: z
    .number()
    .optional()
    .describe("How sure the detector is, from 0 to 1; missing where faces were not looked for."),
  probabilities: z.record(z.string(), z.number()).describe("By label; they sum to 1."),
  label: z.string().nullable().describe("The most probable one, or null: not sure."),
});

const pictureCodes = ["unreadable_picture", "too_many_pixels"] as const satisfies readonly ProblemCode[];

export const pictureSchema = z.object({
  status: z.enum(["ok", "no_face", "unreadable"]),
  width: z.number().optional(),
  height: z.number().optional(),
  faces: z.array(faceSchema).describe("The largest first."),
  omitted: z.number().optional().describe("Faces that were found beyond the limit, and left out."),
  code: z.enum(pictureCodes).optional().describe("Why there is no result, as in a problem."),
  reason: z.string().optional(),
  timings: z
    .object({
      queue: milliseconds.describe("Waiting for its turn."),
      decode: milliseconds,
      detect: milliseconds,
      classify: milliseconds.describe("Waiting for the batch included."),
    })
    .optional()
    .describe("In milliseconds."),
});

const modelName = z.object({
  name: z.string(),
  version: z.string().describe("The first 12 digits of the SHA-256 of the model's file."),
});

const prior = z
  .record(z.string(), z.number())
  .describe(
    "By label, the class prior that the probabilities are for; missing where it is the one that the model was trained for.",
  );

export const answerSchema = z.object({
  model: modelName,
  prior: prior.optional(),
  predictions: z.array(pictureSchema).describe("One for each image, in the order of the request."),
  milliseconds: milliseconds.describe("From the request's head to this answer."),
});

export const modelSchema = z.object({
  ...modelName.shape,
  sha256: z.string(),
  labels: z.array(z.string()),
  backbone: z.string().nullable().describe("Null where the model is not one network."),
  members: z
    .array(
      z.object({
        name: z.string(),
        weight: z.number().describe("Its share in the mean of the probabilities."),
        backbone: z.string().nullable(),
        inputSize: z.number(),
        license: z.string().nullable(),
      }),
    )
    .nullable()
    .describe("The members of an ensemble; null for any other model."),
  trainedPrior: z
    .record(z.string(), z.number())
    .nullable()
    .describe(
      "By label, the class prior that the model was trained for; null where its file does not record it.",
    ),
  prior: prior
    .nullable()
    .describe("As of an answer that no prior is asked for; null where it is the trained one."),
  inputSize: z.number().describe("Side of the square that the network sees, in pixels."),
  metrics: z.record(z.string(), z.unknown()).nullable().describe("What was measured when it was trained."),
  trainedBy: z.string().nullable().describe("The version of vultus that trained it."),
  license: z.string().nullable(),
  detector: z
    .object({
      name: z.string().describe("fast, thorough, yunet or a file."),
      version: z.string().describe("The first 12 digits of the SHA-256 of the detector's file."),
      search: z
        .union([z.enum(["thorough", "fast"]), z.number()])
        .describe(
          "How far small faces are looked for; a number is the longer side, in pixels, of what it sees.",
        ),
      threshold: z.number().describe("Boxes that score less are dropped."),
      rotate: z.enum(["auto", "none"]).describe("Whether photos are looked at in all quarter turns."),
    })
    .nullable()
    .describe("What finds the faces; null where every image is taken as one face crop."),
  served: z.array(modelName).describe("Every model that is served, the first one first."),
  card: z.string().nullable().describe("The model card, as Markdown, where one lies beside the file."),
  limits: z.object({
    bodyBytes: z.number(),
    pixels: z.number(),
    pictures: z.number(),
    faces: z.number(),
  }),
});

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]),
  detail: z.string(),
});

export type Query = z.infer<typeof querySchema>;
export type PictureAnswer = z.infer<typeof pictureSchema>;
export type Answer = z.infer<typeof answerSchema>;
export type ModelAnswer = z.infer<typeof modelSchema>;

/** A request's part as its schema says. @throws Problem that names each place where it differs. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, part: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
  throw new Problem("invalid_request", `the ${part} is not as documented: ${places.join("; ")}`);
}
