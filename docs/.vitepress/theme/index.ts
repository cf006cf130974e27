/** VitePress's theme in the colours of the page, with the fonts of the visitor's system. */

import "./style.css";

export { default } from "vitepress/theme-without-fonts";
