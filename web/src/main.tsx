/** The page: recognises faces in images and from the camera, entirely in the browser. */

import { render } from "preact";
import { App } from "./app.tsx";
import { keepForOffline } from "./offline.ts";
import "./style/tokens.css";
import "./style/base.css";
import "./style/page.css";
import "./style/faces.css";
import "./style/camera.css";

const { ready } = keepForOffline();
render(<App onReady={ready} />, document.getElementById("page") as HTMLElement);
