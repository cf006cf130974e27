/** How a run's data was requested, apart from its paths and the list of images to leave out. */

import { z } from "zod";

export const dataRequestSchema = z.object({
  classes: z.array(z.string()).optional(),
  validation: z.number().optional(),
  test: z.number().optional(),
  allowUnreadable: z.boolean().optional(),
});

export type DataRequest = z.infer<typeof dataRequestSchema>;
