"""Times a backbone's prediction in a runtime that people deploy with, as a mark beside vultus's and PyTorch's.

    python3 bench_runtime.py --runtime openvino [--model resnet50] [--batch 16] [--size 224] [--threads 2] [--serve]
        prints {"imagesPerSecond", "seconds" (median of 5, after one that is not counted), "peakRssMB"}, or serves them one per
        line of its input, as bench_backbone.py does

--runtime onnxruntime   ONNX Runtime with its own optimisations, on what PyTorch exports
          openvino      OpenVINO, in float32 as well, on what it converts from PyTorch

Both get bench_backbone.py's network. The one that exports it needs PyTorch, onnx and onnxscript beside the runtime.
"""

import argparse
import io
import json
import resource
import statistics
import sys
import time

import torch

from bench_backbone import build


def in_onnxruntime(model, x, threads):
    import onnxruntime

    file = io.BytesIO()
    torch.onnx.export(model, (x,), file, input_names=["x"], output_names=["y"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    pixels = x.numpy()
    return f"ONNX Runtime {onnxruntime.__version__}", lambda: session.run(None, {"x": pixels})[0]


def in_openvino(model, x, threads):
    import openvino

    options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.compile_model(openvino.convert_model(model, example_input=x), "CPU", options)
    pixels = x.numpy()
    return f"OpenVINO {openvino.__version__.split('-')[0]}", lambda: compiled(pixels)[0]


RUNTIMES = {"onnxruntime": in_onnxruntime, "openvino": in_openvino}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", required=True, choices=RUNTIMES)
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--serve", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    model = build(args.model, "predict", args.size).eval()
    x = torch.randn(args.batch, 3, args.size, args.size)
    with torch.no_grad():
        expected = model(x)
        about, predict = RUNTIMES[args.runtime](model, x, args.threads)
    if (torch.from_numpy(predict()) - expected).abs().max() > 1e-3 * expected.abs().max():
        raise SystemExit(f"{about} computes something else than PyTorch")

    def iteration():
        start = time.perf_counter()
        predict()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "imagesPerSecond": args.batch / seconds}

    def say(**values):
        print(json.dumps({**values, "peakRssMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)

    iteration()
    if args.serve:
        say(ready=True, about=about)
        for _ in sys.stdin:
            say(**iteration())
    else:
        runs = [iteration()["seconds"] for _ in range(5)]
        seconds = statistics.median(runs)
        say(seconds=seconds, imagesPerSecond=args.batch / seconds)


if __name__ == "__main__":
    main()
