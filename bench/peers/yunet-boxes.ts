/**
 * Writes what OpenCV's FaceDetectorYN decodes from the YuNet-like network of the tests, as the reference for our decoding. Needs
 * a Python with OpenCV 4.8 or later: `VULTUS_PYTHON=… node --import tsx bench/peers/yunet-boxes.ts >
 * test/reference/yunet-boxes.json`
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sharp } from "../../src/util/sharp.node.ts";
import { python } from "../../test/support/python.ts";
import { colourNoise, noiseYunet, noiseYunetSide as side } from "../../test/support/yunet.ts";

const program = `
import cv2, json, sys
image = cv2.imread("image.png")
threshold = float(sys.argv[1])
# Of two boxes none is dropped, however much they overlap.
detector = cv2.FaceDetectorYN.create("yunet.onnx", "", (image.shape[1], image.shape[0]), threshold, 1.0, 100000)
_, faces = detector.detect(image)
rows = [[round(value, 3) for value in row[:8] + row[14:]] for row in faces.tolist()]
print(json.dumps({"opencv": cv2.__version__, "threshold": threshold, "faces": rows}, separators=(",", ":")))
`;

const folder = mkdtempSync(join(tmpdir(), "vultus-yunet-"));
try {
  const { pixels, width, height } = colourNoise(side, side);
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(join(folder, "image.png"));
  writeFileSync(join(folder, "yunet.onnx"), noiseYunet(side));
  process.stdout.write(execFileSync(python, ["-c", program, "0.7"], { cwd: folder }));
} finally {
  rmSync(folder, { recursive: true });
}
