/** The header of the page: its name, its promise, and the navigation between views. */

import type { View } from "./use-view.ts";

const views: readonly { readonly view: View; readonly name: string }[] = [
  { view: "pictures", name: "Images" },
  { view: "camera", name: "Camera" },
  { view: "teach", name: "Teach" },
];

export function Header({ view }: { readonly view: View }) {
  return (
    <header class="header">
      <div class="title">
        <h1>vultus</h1>
        <p class="muted">Facial expressions, recognised in your browser.</p>
      </div>
      <nav aria-label="Views">
        {views.map(({ view: target, name }) => (
          <a key={target} href={`#${target}`} aria-current={target === view ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <p class="promise">
        <Lock /> Nothing is uploaded. Images and camera stay on this device.
      </p>
    </header>
  );
}

function Lock() {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path
        d="M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3.5 7h9v6.5h-9z"
        fill="none"
        stroke="currentColor"
        stroke-width="1.4"
        stroke-linejoin="round"
      />
    </svg>
  );
}
