/** The public entry: everything that `import … from "vultus"` offers. Runs in Node. */

// Graphs: build, differentiate, print, encode as ONNX, run.

export { gradients } from "./autodiff/gradients.ts";
export { encode } from "./graph/encode.ts";
export { evaluate as evaluate64 } from "./graph/evaluate.ts";
export { Graph } from "./graph/graph.ts";
export { print } from "./graph/print.ts";
export type { Builder, Operator, Shape, Tensor64, Value } from "./graph/types.ts";
export { whyWebAssembly } from "./runtime/onnxruntime.node.ts";
export { openSession, providers, runtimeVersion } from "./runtime/session.node.ts";
export type { Device, Session, SessionOptions, Tensors } from "./runtime/session.ts";

// Operators, each a function from values to a value; `operators` lists which have gradients.

export { abs } from "./ops/abs.ts";
export { add } from "./ops/add.ts";
export { and } from "./ops/and.ts";
export { argMax } from "./ops/arg-max.ts";
export { attention } from "./ops/attention.ts";
export { cast } from "./ops/cast.ts";
export { clip } from "./ops/clip.ts";
export { concat, slice } from "./ops/concat.ts";
export { conv } from "./ops/conv.ts";
export { div } from "./ops/div.ts";
export { equal } from "./ops/equal.ts";
export { erf } from "./ops/erf.ts";
export { exp } from "./ops/exp.ts";
export { expand } from "./ops/expand.ts";
export { floor } from "./ops/floor.ts";
export { gather } from "./ops/gather.ts";
export { gelu } from "./ops/gelu.ts";
export { gemm } from "./ops/gemm.ts";
export { globalAveragePool } from "./ops/global-average-pool.ts";
export { greater } from "./ops/greater.ts";
export { gridSample } from "./ops/grid-sample.ts";
export { hardSigmoid } from "./ops/hard-sigmoid.ts";
export { hardSwish } from "./ops/hard-swish.ts";
export { layerNorm } from "./ops/layer-normalization.ts";
export { leakyRelu } from "./ops/leaky-relu.ts";
export { less } from "./ops/less.ts";
export { log } from "./ops/log.ts";
export { matmul } from "./ops/matmul.ts";
export { max } from "./ops/max.ts";
export { maxPool } from "./ops/max-pool.ts";
export { min } from "./ops/min.ts";
export { mul } from "./ops/mul.ts";
export { neg } from "./ops/neg.ts";
export { not } from "./ops/not.ts";
export { reciprocal } from "./ops/reciprocal.ts";
export { reduceMax } from "./ops/reduce-max.ts";
export { reduceMean } from "./ops/reduce-mean.ts";
export { reduceSum } from "./ops/reduce-sum.ts";
export { operators } from "./ops/registry.ts";
export { relu } from "./ops/relu.ts";
export { relu6 } from "./ops/relu6.ts";
export { reshape } from "./ops/reshape.ts";
export { rowConv } from "./ops/row-conv.ts";
export { rowMaxPool } from "./ops/row-max-pool.ts";
export { sigmoid } from "./ops/sigmoid.ts";
export { sign } from "./ops/sign.ts";
export { silu } from "./ops/silu.ts";
export { logSoftmax, softmax } from "./ops/softmax.ts";
export { sqrt } from "./ops/sqrt.ts";
export { sub } from "./ops/sub.ts";
export { tanh } from "./ops/tanh.ts";
export { transpose } from "./ops/transpose.ts";
export { where } from "./ops/where.ts";

// Networks: layers, backbones, classifiers and their weights.

export { type Distillation, distillation } from "./losses/distillation.ts";
export type { Loss, LossInput } from "./losses/loss.ts";
export { type LossChoice, losses } from "./losses/registry.ts";
export { withAttention } from "./models/attention.ts";
export type { Backbone, Preprocessing } from "./models/backbone.ts";
export { imagenet } from "./models/backbone.ts";
export {
  type Architecture,
  buildClassifier,
  buildFeatures,
  buildHead,
  describe,
  withNewWeights,
} from "./models/classifier.ts";
export {
  type InvertedResidual,
  invertedResidual,
  type MobileConv,
  type MobileStyle,
  mobileConv,
} from "./models/inverted-residual.ts";
export { type BackboneOptions, backboneNamed, backbones } from "./models/registry.ts";
export { type AttentionKind, attentionKinds } from "./nn/attention.ts";
export { type Feature, type FeatureMap, pictures, type Tokens } from "./nn/features.ts";
export {
  constant as constantInitialiser,
  type Initialiser,
  kaimingNormal,
  kaimingUniform,
  truncatedNormal,
  xavierUniform,
} from "./nn/initialise.ts";
export { Network, type NetworkOptions } from "./nn/network.ts";

// Programs: a train step or a prediction as one graph, and the engine that runs it.

export { adamwDefaults, type OptimizerOptions } from "./optim/optimizer.ts";
export { rateAt, type Schedule } from "./optim/schedules.ts";
export { type BundleOptions, compileBundle } from "./program/bundle.ts";
export { type Bundle, decodeBundle } from "./program/decode-bundle.ts";
export { compileEnsemble, type EnsembleBundleOptions } from "./program/ensemble.ts";
export { compileForward, compilePredict } from "./program/predict.ts";
export type { Program } from "./program/program.ts";
export { loadBundle } from "./program/read-bundle.node.ts";
export {
  type BuildObjective,
  compileStep,
  type Objective,
  type StepOptions,
  type TrainProgram,
} from "./program/step.ts";
export type { Teacher } from "./program/teachers.ts";
export { compileTrain, type TrainOptions as TrainStepOptions } from "./program/train.ts";
export { blockOf } from "./runtime/blocks.ts";
export { startEngine } from "./runtime/engine.node.ts";
export type { Engine, OpenProgram } from "./runtime/engine.ts";
export { type Position, Stepper, type StepperOptions, type StepResult } from "./train/stepper.ts";

// The main jobs: each a call with options, and with a default for everything but data. The command line does the same.

export type { AuditOptions, AuditResult, LabelSearch } from "./jobs/audit.ts";
export type { Baseline } from "./jobs/baselines.ts";
export type { CompareOptions } from "./jobs/compare.ts";
export type { ComparedPeople, ComparisonResult } from "./jobs/comparison-result.ts";
export type { CropOptions, CroppedFolder, CropResult, FaceRule } from "./jobs/crop.ts";
export type { FaceCheck } from "./jobs/crop-check.ts";
export type {
  DataOptions,
  DataSource,
  ModelSource,
  NamingOptions,
  NamingOptions as RenameOptions,
} from "./jobs/data.ts";
export type { EnsembleMember, EnsembleOptions, EnsembleResult } from "./jobs/ensemble.ts";
export type { EvaluateOptions, ModelEvaluation } from "./jobs/evaluate.ts";
export type { EvaluationResult, PeopleResult } from "./jobs/evaluation-result.ts";
export type {
  JobEvent,
  NoteEvent,
  OnEvent,
  ProgressEvent,
  Stage,
  UnreadableEvent,
  WroteEvent,
} from "./jobs/events.ts";
export type {
  ExplainedData,
  ExplainOptions,
  ExplainResult,
} from "./jobs/explain.ts";
export type { ExplainedFace, ExplainedPhoto } from "./jobs/explained-photos.ts";
export type { ExportedFile, ExportOptions, ExportResult } from "./jobs/export.ts";
export type { InspectOptions, InspectResult } from "./jobs/inspect.ts";
export type { ListedModel, ListModelsOptions, PublishedWeights, ShippedModel } from "./jobs/list-models.ts";
export type { ListedRun, ListRunsOptions, RunOrder, RunStatus } from "./jobs/list-runs.ts";
export {
  audit,
  compare,
  crop,
  ensemble,
  evaluate,
  explain,
  exportModel,
  inspect,
  listModels,
  listRuns,
  report,
  review,
  soften,
  split,
  train,
  trainEvents,
} from "./jobs/on-demand.ts";
export type { Overrides } from "./jobs/recipe.ts";
export type { ReportOptions, ReportResult } from "./jobs/report.ts";
export type { ReviewOptions } from "./jobs/review.ts";
export type { SoftenOptions, SoftenResult } from "./jobs/soften.ts";
export type { SplitOptions, SplitResult } from "./jobs/split.ts";
export type {
  Best,
  FinishedRun,
  InterruptedRun,
  TrainingJson,
  TrainingRun,
} from "./jobs/train.ts";
export type { BudgetEvent, EndEvent, ModelEvent, RunEvent, TrainEvent } from "./jobs/train-events.ts";
export type { TrainOptions } from "./jobs/train-options.ts";

// The steps of those jobs, for programs that combine them in another way.

export type { AuditSummary } from "./audit/summary.ts";
export { type Renames, type UnclearName, UnclearNames } from "./data/class-names.ts";
export type { Dataset, Picture, Sample, Split } from "./data/dataset.ts";
export type { Inspection } from "./data/inspect.node.ts";
export { readDataset } from "./data/read.node.ts";
export { cutSplits } from "./data/split.ts";
export { writeSyntheticFaces } from "./data/synthetic.node.ts";
export { type Comparison, compareBundles } from "./evaluate/compare.node.ts";
export { type MapScores, scoreMaps } from "./evaluate/deletion-insertion.ts";
export { type Evaluation, evaluateBundle } from "./evaluate/evaluate.ts";
export { type Explanation, explainPictures } from "./evaluate/explain.ts";
export { heatOverlay } from "./evaluate/heat-overlay.ts";
export { measureRobustness, type Robustness } from "./evaluate/robustness.node.ts";
export type { AnswerScores } from "./metrics/answer-scores.ts";
export { classificationReport } from "./metrics/classification-report.ts";
export { type OnePerson, type PeopleOptions, type PeopleScores, peopleScores } from "./metrics/people.ts";
export type { Estimate } from "./metrics/ratio-intervals.ts";
export type { Votes } from "./metrics/votes.ts";
export type { EnsembleScores } from "./report/ensemble-card.ts";
export type { Listener } from "./train/events.ts";
export { recipeArchitecture } from "./train/forecast.ts";
export { type RecipeChanges, resolveRecipe } from "./train/override.ts";
export type { Recipe } from "./train/recipe.ts";
export type { TrainSettings } from "./train/settings.ts";
export { type TrainResult, trainInto } from "./train/train.node.ts";
export { classifierMetadata, type DescribedArchitecture } from "./weights/classifier-file.ts";
export { type Classifier, loadClassifier, loadMembers, loadWeights } from "./weights/load.node.ts";
export type { Member, MembersFile } from "./weights/members.ts";
export { resolveArchitecture } from "./weights/resolve-architecture.ts";

// Photos: finding faces and classifying their expressions.

export type { PriorChoice } from "./metrics/prior.ts";
export type { Box, DetectedFace } from "./predict/boxes.ts";
export type { DetectorChoice, DetectorOptions } from "./predict/detector-choice.node.ts";
export type { FaceDetector } from "./predict/face-detector.ts";
export {
  type DetectOptions,
  detectFaces,
  type LoadOptions,
  loadModel,
  type Model,
  type ModelOptions,
  type Photo,
  predict,
  predictFiles,
} from "./predict/model.node.ts";
export { type DetectorSettings, openDetector } from "./predict/onnx-detector.ts";
export type { Face, Prediction } from "./predict/prediction.ts";
export type { PredictOptions } from "./predict/predictor.ts";
export { loadDetector } from "./predict/shipped-detector.node.ts";

// Data: faces drawn by formula, tensors, keyed random numbers, errors.

export { drawFace } from "./data/synthetic.ts";
export { expressions } from "./data/synthetic-expression.ts";
export { FormatError, GraphError, UsageError, VultusError } from "./util/errors.ts";
export { type Key, random, shuffled } from "./util/random.ts";
export { type FloatTensor, floatTensor, type StateDict, type Tensor } from "./util/tensor.ts";
