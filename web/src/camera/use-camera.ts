/** The camera: requests it, and reports every way in which it may be unavailable. */

import type { RefObject } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export type CameraState =
  | { readonly kind: "off" | "asking" | "refused" | "missing" | "taken" | "insecure" | "lost" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "running"; readonly deviceId: string | undefined };

export interface Camera {
  readonly state: CameraState;
  /** Whether the running camera sends no images: another program took it, or its shutter is closed. */
  readonly muted: boolean;
  readonly video: RefObject<HTMLVideoElement>;
  /** The cameras to choose from, once one was allowed. */
  readonly devices: readonly MediaDeviceInfo[];
  /** Requests a camera; resolves with the resulting state. */
  start(which?: Which): Promise<CameraState>;
  stop(): void;
}

/** A specific camera, or the direction in which it faces; the default is the user. */
export interface Which {
  readonly deviceId?: string | undefined;
  readonly facing?: "user" | "environment";
}

/** Faces are found at this size as well as at any larger one, and reading a frame of this size is fast. */
const WIDTH = 640;
const HEIGHT = 480;

export function useCamera(): Camera {
  const [state, setState] = useState<CameraState>({ kind: "off" });
  const [muted, setMuted] = useState(false);
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  const video = useRef<HTMLVideoElement>(null);
  const stream = useRef<MediaStream>();
  /** Counts requests and releases of the camera: only the latest one counts. */
  const asked = useRef(0);

  const release = useCallback(() => {
    for (const track of stream.current?.getTracks() ?? []) track.stop();
    stream.current = undefined;
    setMuted(false);
    if (video.current) video.current.srcObject = null;
  }, []);
  const stop = useCallback(() => {
    asked.current++;
    release();
    setState({ kind: "off" });
  }, [release]);
  useEffect(
    () => () => {
      asked.current++;
      release();
    },
    [release],
  );

  const start = useCallback(
    async ({ deviceId, facing = "user" }: Which = {}): Promise<CameraState> => {
      const become = (next: CameraState): CameraState => {
        setState(next);
        return next;
      };
      const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
      if (!mediaDevices) return become({ kind: "insecure" });
      release();
      const current = ++asked.current;
      become({ kind: "asking" });
      try {
        const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: facing };
        const opened = await mediaDevices.getUserMedia({
          video: { ...which, width: { ideal: WIDTH }, height: { ideal: HEIGHT } },
        });
        // It was stopped or requested again while the browser asked for permission.
        if (current !== asked.current) {
          for (const track of opened.getTracks()) track.stop();
          return { kind: "off" };
        }
        stream.current = opened;
        const [track] = opened.getVideoTracks();
        track?.addEventListener("ended", () => {
          release();
          setState({ kind: "lost" });
        });
        for (const change of ["mute", "unmute"])
          track?.addEventListener(change, () => opened === stream.current && setMuted(track.muted));
        const element = video.current;
        if (!element) {
          release();
          return { kind: "off" };
        }
        element.srcObject = opened;
        const playing = element.play();
        // A video starts to play with its first image, which a muted camera may delay indefinitely.
        if (track?.muted) playing.catch(() => undefined);
        else await playing;
        if (current === asked.current) setMuted(track?.muted ?? false);
        setDevices((await mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput"));
        return become({ kind: "running", deviceId: track?.getSettings().deviceId });
      } catch (error) {
        if (current !== asked.current) return { kind: "off" };
        release();
        return become(stateOf(error as Error));
      }
    },
    [release],
  );
  return { state, muted, video, devices, start, stop };
}

function stateOf({ name, message }: Error): CameraState {
  if (name === "NotAllowedError" || name === "SecurityError") return { kind: "refused" };
  if (name === "NotFoundError" || name === "OverconstrainedError") return { kind: "missing" };
  if (name === "NotReadableError" || name === "AbortError") return { kind: "taken" };
  return { kind: "failed", reason: message };
}
