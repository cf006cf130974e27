/** The page: faces recognised in pictures and from the camera, all of it in the browser. */

import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";

render(<h1>vultus</h1>, document.getElementById("page") as HTMLElement);
