/** The types of the library's public functions, as the compiler checks them; nothing here is executed. */

import { expectTypeOf, test } from "vitest";
import type {
  AuditResult,
  AuditSummary,
  ComparisonResult,
  CropOptions,
  CropResult,
  DataSource,
  Dataset,
  DetectedFace,
  EndEvent,
  EnsembleOptions,
  EnsembleResult,
  ExplainResult,
  ExportResult,
  FinishedRun,
  Inspection,
  InspectResult,
  InterruptedRun,
  Model,
  ModelEvaluation,
  ModelSource,
  Prediction,
  ReportResult,
  SoftenResult,
  SplitResult,
  TrainEvent,
  TrainingRun,
  TrainOptions,
} from "../src/index.ts";
import * as vultus from "../src/index.ts";
import * as server from "../src/server.ts";
import * as web from "../src/web.ts";

/** Only type-checked, never called: a call would train. */
function compiled(check: () => unknown): void {
  expectTypeOf(check).toBeFunction();
}

test("train: data is all that it needs, and what it returns depends on how it ended", () => {
  expectTypeOf(vultus.train).parameters.toEqualTypeOf<[options: TrainOptions]>();
  expectTypeOf(vultus.train).returns.resolves.toEqualTypeOf<TrainingRun>();
  expectTypeOf<{ data: string }>().toExtend<TrainOptions>();
  expectTypeOf<{ data: string[] }>().toExtend<TrainOptions>();
  expectTypeOf<{ data: Dataset }>().toExtend<TrainOptions>();
  expectTypeOf<{ model: string }>().not.toExtend<TrainOptions>();
  expectTypeOf<Omit<Required<TrainOptions>, "data">>().toExtend<Partial<TrainOptions>>();
  expectTypeOf<TrainingRun>().toEqualTypeOf<FinishedRun | InterruptedRun>();
  expectTypeOf<FinishedRun["evaluation"]["accuracy"]>().toBeNumber();
  expectTypeOf<FinishedRun["best"]>().not.toBeNullable();
  expectTypeOf<InterruptedRun["best"]>().toBeNullable();
  expectTypeOf<InterruptedRun>().not.toHaveProperty("evaluation");
  // The complete call from the issue.
  compiled(() =>
    vultus.train({
      data: "photos/",
      out: "runs/first",
      model: "vultus_s",
      recipe: "adapt",
      overrides: { "phases.0.epochs": 3 },
      signal: new AbortController().signal,
      onEvent: (event) => expectTypeOf(event).toEqualTypeOf<TrainEvent>(),
    }),
  );
});

test("a recipe is a name, a file, or an object with what differs", () => {
  compiled(() =>
    vultus.train({ data: "a", recipe: { extends: "finetune", phases: { all: { epochs: 2 } } } }),
  );
  compiled(() => vultus.train({ data: "a", recipe: { extends: "faces", augmentation: { mixup: 0 } } }));
  compiled(() => vultus.train({ data: "a", recipe: vultus.resolveRecipe("scratch") }));
  compiled(() => vultus.train({ data: "a", overrides: ["phases.0.epochs=3"] }));
  // @ts-expect-error there is no such key
  compiled(() => vultus.train({ data: "a", recipe: { extends: "faces", dropuot: 0 } }));
});

test("unknown options and values of another type do not compile", () => {
  // @ts-expect-error it is epochs of a phase: overrides
  compiled(() => vultus.train({ data: "a", epochs: 3 }));
  // @ts-expect-error
  compiled(() => vultus.train({ data: "a", device: "gpu" }));
  // @ts-expect-error
  compiled(() => vultus.train({ data: "a", batchSize: "8" }));
  // @ts-expect-error
  compiled(() => vultus.evaluate("a", "b", { spilt: "test" }));
  // @ts-expect-error
  compiled(() => vultus.evaluate("a", "b", { split: "tests" }));
  // @ts-expect-error
  compiled(() => vultus.compare({ a: "a", b: "b", data: "c", subgroup: "age" }));
  // @ts-expect-error
  compiled(() => vultus.audit("a", { labels: true }));
  // @ts-expect-error
  compiled(() => vultus.exportModel("a", { to: "onnx" }));
  // @ts-expect-error
  compiled(() => vultus.explain({ photos: "a", method: "lime" }));
  // @ts-expect-error
  compiled(() => vultus.loadModel({ path: "a" }));
  // @ts-expect-error
  compiled(() => server.createService({ ports: 80 }));
  // @ts-expect-error
  compiled(() => web.loadModel({ source: "a" }));
});

test("events narrow by their type", () => {
  expectTypeOf(vultus.trainEvents).returns.toEqualTypeOf<
    AsyncGenerator<TrainEvent | EndEvent<TrainingRun>, void, void>
  >();
  compiled(async () => {
    for await (const event of vultus.trainEvents({ data: "a" })) {
      if (event.type === "step") expectTypeOf(event.meanLoss).toBeNumber();
      if (event.type === "epochEnd") expectTypeOf(event.record.validationAccuracy).toBeNumber();
      if (event.type === "progress") expectTypeOf(event.total).toEqualTypeOf<number | undefined>();
      if (event.type === "end") expectTypeOf(event.result).toEqualTypeOf<TrainingRun>();
    }
  });
  // @ts-expect-error a loop is what hears them
  compiled(() => vultus.trainEvents({ data: "a", onEvent: () => {} }));
});

test("the other jobs: one object, or what they work on first", () => {
  expectTypeOf(vultus.evaluate).toBeCallableWith({ data: "a" });
  expectTypeOf(vultus.evaluate).toBeCallableWith("a", "b");
  expectTypeOf(vultus.evaluate).returns.resolves.toEqualTypeOf<ModelEvaluation>();
  expectTypeOf(vultus.compare).toBeCallableWith({ a: "a", b: "majority", data: "b" });
  expectTypeOf(vultus.compare).toBeCallableWith("a", "b", ["c"]);
  expectTypeOf(vultus.compare).returns.resolves.toEqualTypeOf<ComparisonResult>();
  expectTypeOf(vultus.audit).toBeCallableWith({ data: "a", out: "b" });
  expectTypeOf(vultus.audit).toBeCallableWith("a");
  expectTypeOf(vultus.audit).returns.resolves.toEqualTypeOf<AuditResult>();
  expectTypeOf<AuditResult["summary"]>().toEqualTypeOf<AuditSummary>();
  expectTypeOf(vultus.exportModel).toBeCallableWith("a");
  expectTypeOf(vultus.exportModel).toBeCallableWith({ model: "a", to: ["bundle", "int8"] });
  expectTypeOf(vultus.exportModel).returns.resolves.toEqualTypeOf<ExportResult>();
  expectTypeOf(vultus.explain).toBeCallableWith({ photos: ["a"], detector: false });
  expectTypeOf(vultus.explain).returns.resolves.toEqualTypeOf<ExplainResult>();
  expectTypeOf(vultus.report).returns.resolves.toEqualTypeOf<ReportResult>();
  expectTypeOf(vultus.split).returns.resolves.toEqualTypeOf<SplitResult>();
  expectTypeOf(vultus.soften).returns.resolves.toEqualTypeOf<SoftenResult>();
  expectTypeOf(vultus.inspect).returns.resolves.toEqualTypeOf<InspectResult>();
  expectTypeOf<InspectResult>().toExtend<Inspection>();
  expectTypeOf<{ data: string; out: string }>().toExtend<CropOptions>();
  expectTypeOf(vultus.crop).returns.resolves.toEqualTypeOf<CropResult>();
  expectTypeOf(vultus.readDataset).returns.resolves.toEqualTypeOf<Dataset>();
  expectTypeOf<DataSource>().toEqualTypeOf<string | readonly string[] | Dataset>();
  expectTypeOf<Model>().toExtend<ModelSource>();
});

test("models and services close themselves; names are alike in Node and in browsers", () => {
  expectTypeOf(vultus.loadModel).toBeCallableWith();
  expectTypeOf(vultus.loadModel).toBeCallableWith({ model: "a", device: "cpu" });
  expectTypeOf(vultus.loadModel).toBeCallableWith("a", { threads: 1 });
  expectTypeOf<Model>().toExtend<AsyncDisposable>();
  expectTypeOf<Model["close"]>().returns.resolves.toBeVoid();
  expectTypeOf(vultus.predict).returns.resolves.toEqualTypeOf<Prediction>();
  expectTypeOf(vultus.predictFiles).returns.toEqualTypeOf<AsyncGenerator<Prediction>>();
  expectTypeOf(vultus.detectFaces).toBeCallableWith("a.jpg", { detector: "fast" });
  expectTypeOf(vultus.detectFaces).returns.resolves.toEqualTypeOf<readonly DetectedFace[]>();
  expectTypeOf(web.loadModel).toBeCallableWith({ model: "a.onnx", device: "webgpu" });
  expectTypeOf(web.loadModel).toBeCallableWith(new Uint8Array(), { threads: 1 });
  expectTypeOf<web.WebModel>().toExtend<AsyncDisposable>();
  expectTypeOf(web.predict).returns.resolves.toEqualTypeOf<Prediction>();
  expectTypeOf<keyof Model>().toEqualTypeOf<keyof web.WebModel>();
  expectTypeOf(server.createService).toBeCallableWith();
  expectTypeOf(server.createService).returns.resolves.toEqualTypeOf<server.Service>();
  expectTypeOf<server.Service>().toExtend<AsyncDisposable>();
  expectTypeOf<server.Service["listen"]>().toBeCallableWith();
});

test("ensemble: models and a file are all that it needs, and scores are there only if data was", () => {
  expectTypeOf(vultus.ensemble).parameters.toEqualTypeOf<[options: EnsembleOptions]>();
  expectTypeOf(vultus.ensemble).returns.resolves.toEqualTypeOf<EnsembleResult>();
  expectTypeOf<{ models: string[]; out: string }>().toExtend<EnsembleOptions>();
  expectTypeOf<{ models: string[] }>().not.toExtend<EnsembleOptions>();
  expectTypeOf<EnsembleOptions["weights"]>().toEqualTypeOf<"equal" | "fit" | readonly number[] | undefined>();
  expectTypeOf<EnsembleResult["members"][number]["weight"]>().toBeNumber();
  expectTypeOf<EnsembleResult["scores"]>().toBeNullable();
});
