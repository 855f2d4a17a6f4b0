/** Making elements without markup in strings: text stays text. */

const SVG = "http://www.w3.org/2000/svg";
// Paths on a grid of 24, drawn as lines.
const ICONS = {
  play: ["M8 5.2v13.6L19 12z"],
  pause: ["M8.5 5v14", "M15.5 5v14"],
  back: ["M17 6l-8 6 8 6z", "M6 6v12"],
  forth: ["M7 6l8 6-8 6z", "M18 6v12"],
  loop: ["M4 12a6 6 0 0 1 6-6h9", "M16 3l3 3-3 3", "M20 12a6 6 0 0 1-6 6H5", "M8 21l-3-3 3-3"],
  follow: ["M12 3v4", "M12 17v4", "M3 12h4", "M17 12h4", "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10z"],
  skeleton: ["M12 3.2a2 2 0 1 0 0 4 2 2 0 0 0 0-4z", "M12 7.2v7", "M5.5 10.5h13", "M12 14.2L8.5 21", "M12 14.2l3.5 6.8"],
  overlay: ["M4 8h9v12H4z", "M9 8V4h11v12h-7"],
  camera: ["M4 9V5a1 1 0 0 1 1-1h4", "M15 4h4a1 1 0 0 1 1 1v4", "M20 15v4a1 1 0 0 1-1 1h-4", "M9 20H5a1 1 0 0 1-1-1v-4", "M12 10.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z"],
  full: ["M9 4H4v5", "M15 4h5v5", "M9 20H4v-5", "M15 20h5v-5"],
  send: ["M12 19V5", "M5.5 11.5L12 5l6.5 6.5"],
  stop: ["M7 7h10v10H7z"],
  attach: ["M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.4 3.4 0 0 1 4.8 4.8L9.8 17.3a1.8 1.8 0 0 1-2.5-2.5l7.7-7.8"],
  microphone: ["M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3z", "M5.5 11.5a6.5 6.5 0 0 0 13 0", "M12 18v3"],
  download: ["M12 4v11", "M7 10.5l5 5 5-5", "M5 20h14"],
  link: ["M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1.5 1.5", "M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1.5-1.5"],
  light: ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M12 2.5v2", "M12 19.5v2", "M2.5 12h2", "M19.5 12h2", "M5.3 5.3l1.4 1.4", "M17.3 17.3l1.4 1.4", "M5.3 18.7l1.4-1.4", "M17.3 6.7l1.4-1.4"],
  dark: ["M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"],
  fresh: ["M12 5v14", "M5 12h14"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  dice: ["M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z", "M8.5 8.5h.01", "M15.5 15.5h.01", "M12 12h.01", "M15.5 8.5h.01", "M8.5 15.5h.01"],
  tools: ["M4 7h9", "M17 7h3", "M4 17h3", "M11 17h9", "M15 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4z", "M9 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4z"],
};

/** An element with properties and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

/** A line drawing that screen readers skip. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("class", `icon icon-${name}`);
  for (const shape of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", shape);
    drawing.append(path);
  }
  return drawing;
}

/** A button that shows an icon and is called by its name. */
export function button(name, drawing, action, className = "") {
  const made = element("button", { type: "button", className: `icon-button ${className}`, title: name }, icon(drawing));
  made.setAttribute("aria-label", name);
  made.addEventListener("click", action);
  return made;
}
