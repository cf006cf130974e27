/** The script of a report: it inserts the faces, and shows those of a clicked cell of the confusion matrix. */

/** Plain JavaScript, run without a build step. The faces are in the page as base64, so nothing is fetched. */
export const reportScript = `
const { classes, faces } = JSON.parse(document.getElementById("faces").textContent);
for (const image of document.querySelectorAll("img[data-face]")) image.src = faces[image.dataset.face][4];

const FIRST = 60;
const panel = document.getElementById("cell");
const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const faceItem = ([id, , , confidence, source]) =>
  element("li", {},
    element("img", { src: source, alt: id, title: id, width: 96, height: 96, loading: "lazy" }),
    Math.round(confidence * 100) + "% confident");

function show(button) {
  const [truth, predicted] = button.dataset.cell.split("-").map(Number);
  const count = button.querySelector("b").textContent;
  const shown = faces.filter((face) => face[1] === truth && face[2] === predicted).sort((a, b) => b[3] - a[3]);
  const list = element("ul", { className: "faces" }, ...shown.slice(0, FIRST).map(faceItem));
  const words = truth === predicted
    ? classes[truth] + ", recognised"
    : classes[truth] + " taken for " + classes[predicted];
  const heading = element("h3", { tabIndex: -1 }, words + ": " + count + (count === "1" ? " image" : " images"));
  const missing = Number(count.replaceAll(",", "")) - shown.length;
  const close = element("button", { type: "button" }, "Back to the matrix");
  close.onclick = () => hide(button);
  panel.replaceChildren(heading, element("p", { className: "muted" },
    "The most confident predictions first." + (missing ? " " + missing + " of them are not in this file." : "")), list);
  if (shown.length > FIRST) {
    const more = element("button", { type: "button" }, "Show all " + shown.length);
    more.onclick = () => {
      list.append(...shown.slice(FIRST).map(faceItem));
      more.remove();
      heading.focus();
    };
    panel.append(more);
  }
  panel.append(close);
  for (const other of document.querySelectorAll("[data-cell]"))
    other.setAttribute("aria-pressed", String(other === button));
  heading.focus();
}

function hide(button) {
  panel.replaceChildren();
  button.setAttribute("aria-pressed", "false");
  button.focus();
}

for (const button of document.querySelectorAll("[data-cell]"))
  button.onclick = () => (button.getAttribute("aria-pressed") === "true" ? hide(button) : show(button));
panel?.addEventListener("keydown", (event) => {
  const open = document.querySelector('[data-cell][aria-pressed="true"]');
  if (event.key === "Escape" && open) hide(open);
});
`;
