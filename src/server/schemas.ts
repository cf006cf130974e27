/** Schemas of requests and responses. The same schemas validate requests and appear in the OpenAPI document. */

import { z } from "zod";
import { Problem, type ProblemCode, problems } from "./problems.ts";

const model = z
  .string()
  .optional()
  .describe("The name of the model, if several are served. Default: the first one.");

/** Selects a model. */
export const modelQuerySchema = z.strictObject({ model });

/** Options of a prediction request. */
export const querySchema = z.strictObject({
  faces: z.enum(["all", "largest"]).default("all").describe("All faces of an image, or only the largest."),
  threshold: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("If a face's highest probability is below this, its label is null: not sure."),
  prior: z
    .string()
    .optional()
    .describe(
      "The class prior that probabilities are shifted to: trained, uniform, uniform:0.5 (half way), or shares such as happy=0.3,neutral=0.4; the other classes divide the rest as in training. Default: the prior of the service.",
    ),
  detect: z
    .enum(["true", "false"])
    .optional()
    .describe("Whether to detect faces; false treats every image as one face crop."),
  model,
});

/** Images as JSON. */
export const jsonBodySchema = z.strictObject({
  pictures: z.array(z.string()).min(1).describe("Image files in base64; data: URLs are accepted too."),
});

const milliseconds = z.number().min(0);
const pixels = z.number().describe("In pixels of the upright image.");

const faceSchema = z.object({
  box: z.object({ x: pixels, y: pixels, width: pixels, height: pixels }),
  score: z
    .number()
    .optional()
    .describe("The detector's confidence, from 0 to 1; missing if detection was off."),
  probabilities: z.record(z.string(), z.number()).describe("By label; they sum to 1."),
  label: z.string().nullable().describe("The most probable label, or null: not sure."),
});

const pictureCodes = ["unreadable_picture", "too_many_pixels"] as const satisfies readonly ProblemCode[];

export const pictureSchema = z.object({
  status: z.enum(["ok", "no_face", "unreadable"]),
  width: z.number().optional(),
  height: z.number().optional(),
  faces: z.array(faceSchema).describe("Largest first."),
  omitted: z.number().optional().describe("The number of faces left out because of the limit."),
  code: z.enum(pictureCodes).optional().describe("Why there is no result: a problem code."),
  reason: z.string().optional(),
  timings: z
    .object({
      queue: milliseconds.describe("Waiting for its turn."),
      decode: milliseconds,
      detect: milliseconds,
      classify: milliseconds.describe("Including the wait for the batch."),
    })
    .optional()
    .describe("In milliseconds."),
});

const modelName = z.object({
  name: z.string(),
  version: z.string().describe("The first 12 hex digits of the model file's SHA-256."),
});

const prior = z
  .record(z.string(), z.number())
  .describe(
    "By label, the class prior of the probabilities; missing if it is the prior that the model was trained for.",
  );

export const answerSchema = z.object({
  model: modelName,
  prior: prior.optional(),
  predictions: z.array(pictureSchema).describe("One per image, in the order of the request."),
  milliseconds: milliseconds.describe("From the request's headers to this response."),
});

export const modelSchema = z.object({
  ...modelName.shape,
  sha256: z.string(),
  labels: z.array(z.string()),
  backbone: z.string().nullable().describe("Null if the model is not a single network."),
  members: z
    .array(
      z.object({
        name: z.string(),
        weight: z.number().describe("Its weight in the mean of the probabilities."),
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
      "By label, the class prior that the model was trained for; null if its file does not record it.",
    ),
  prior: prior
    .nullable()
    .describe("The prior of responses to requests without a prior; null if it is the trained one."),
  inputSize: z.number().describe("Side of the square that the network sees, in pixels."),
  metrics: z.record(z.string(), z.unknown()).nullable().describe("The metrics measured during training."),
  trainedBy: z.string().nullable().describe("The version of vultus that trained it."),
  license: z.string().nullable(),
  detector: z
    .object({
      name: z.string().describe("fast, thorough, yunet or a file."),
      version: z.string().describe("The first 12 hex digits of the detector file's SHA-256."),
      search: z
        .union([z.enum(["thorough", "fast"]), z.number()])
        .describe(
          "How thoroughly small faces are searched for; a number is the longer side, in pixels, of the searched image.",
        ),
      threshold: z.number().describe("Boxes with a lower score are dropped."),
      rotate: z.enum(["auto", "none"]).describe("Whether photos are also searched in all quarter turns."),
    })
    .nullable()
    .describe("The face detector; null if every image is treated as one face crop."),
  served: z.array(modelName).describe("The names of all served models, in order."),
  card: z
    .string()
    .nullable()
    .describe("The model card, as Markdown; null if there is none next to the file."),
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

/** Validates a part of a request. @throws Problem that lists each invalid place */
export function checked<T>(schema: z.ZodType<T>, value: unknown, part: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
  throw new Problem("invalid_request", `the ${part} is invalid: ${places.join("; ")}`);
}
