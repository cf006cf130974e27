/** The description of an ensemble's members in its file: text under one metadata key. */

import { z } from "zod";
import {
  type DescribedArchitecture,
  type Metadata,
  parseEntry,
  readArchitecture,
} from "./classifier-file.ts";

/** The entry of the metadata. */
const KEY = "ensemble";

const ensembleSchema = z.object({
  members: z
    .array(
      z.object({
        name: z.string(),
        /** Its share in the mean of the probabilities; the shares of all sum to 1. */
        weight: z.number().min(0).max(1),
        /** The entries of its own file's metadata. */
        metadata: z.record(z.string(), z.string()),
      }),
    )
    .min(2),
  /** The images that the shares were fitted on; missing if they were given. */
  fitted: z.object({ fingerprint: z.string(), split: z.string(), n: z.number().int() }).optional(),
});

/** The members of an ensemble with their shares. Their tensors are in the file as `member1.<name>`, `member2.<name>`, … */
export type Ensemble = z.infer<typeof ensembleSchema>;

/** The scope of member `index`, counted from 0, in the graph and in the names of its tensors. */
export function memberScope(index: number): string {
  return `member${index + 1}`;
}

/** The entry that makes a file's metadata that of an ensemble. */
export function ensembleMetadata(ensemble: Ensemble): Metadata {
  return { [KEY]: JSON.stringify(ensemble) };
}

/** Reads the members from the metadata; undefined if the file is not an ensemble. @throws FormatError for a damaged entry. */
export function readEnsemble({ [KEY]: text }: Metadata, name: string): Ensemble | undefined {
  return text === undefined ? undefined : parseEntry(text, name, ensembleSchema);
}

/** A network that was trained, alone in its file or as a member of an ensemble. */
export interface TrainedNetwork {
  readonly architecture: Pick<DescribedArchitecture, "classes" | "inputSize">;
  readonly metadata: Metadata;
  /** The file and, in an ensemble, the member, for messages. */
  readonly path: string;
}

/** The networks in a file: the members of an ensemble, or the one network that it is. */
export function networksIn({ architecture, metadata, path }: TrainedNetwork): readonly TrainedNetwork[] {
  const ensemble = readEnsemble(metadata, path);
  if (!ensemble) return [{ architecture, metadata, path }];
  return ensemble.members.map((member) => {
    const own = `${path} (its member ${member.name})`;
    return { architecture: readArchitecture(member.metadata, own), metadata: member.metadata, path: own };
  });
}

/**
 * Returns the entries about training and calibration data that all members share: an ensemble of models trained on one data set
 * counts as trained on it. Licences that differ are listed.
 */
export function sharedEntries(members: Ensemble["members"]): Metadata {
  const shared = (key: string): string | undefined => {
    const [first, ...rest] = members.map(({ metadata }) => metadata[key]);
    return rest.every((text) => text === first) ? first : undefined;
  };
  const licences = members.map(({ name, metadata }) => `${name}: ${metadata.license ?? "not stated"}`);
  const [dataFingerprint, cut] = [shared("data_fingerprint"), shared("data_cut")];
  const calibratedTo = shared("calibrated_to");
  const license =
    shared("license") ?? (members.some(({ metadata }) => metadata.license) && licences.join("; "));
  return {
    ...(dataFingerprint !== undefined && { data_fingerprint: dataFingerprint }),
    ...(cut !== undefined && { data_cut: cut }),
    ...(calibratedTo !== undefined && { calibrated_to: calibratedTo }),
    ...(license && { license }),
  };
}
