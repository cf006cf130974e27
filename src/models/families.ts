/** All backbone files. To add one, add a line here. */

export * from "./convnext.ts";
export * from "./efficientnet.ts";
export * from "./efficientnet-lite.ts";
export * from "./mobilenet-v1.ts";
export * from "./mobilenet-v2.ts";
export * from "./mobilenet-v3.ts";
export * from "./resnet.ts";
export * from "./squeezenet.ts";
export * from "./vit.ts";
export * from "./vultus.ts";
