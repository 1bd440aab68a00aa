const choices = ["auto", "light", "dark"] as const;
type Choice = (typeof choices)[number];

const storageKey = "interlock-theme";

function chosen(): Choice {
  const stored = localStorage.getItem(storageKey);
  return choices.find((choice) => choice === stored) ?? "auto";
}

function apply(choice: Choice): void {
  if (choice === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

/** Turns a button into the switch between the system's colors, light and dark. */
export function createThemeSwitch(button: HTMLButtonElement): void {
  const show = () => {
    button.textContent = `Colors: ${chosen()}`;
  };
  button.addEventListener("click", () => {
    const next = choices[(choices.indexOf(chosen()) + 1) % choices.length] as Choice;
    localStorage.setItem(storageKey, next);
    apply(next);
    show();
  });
  show();
}

/** Applies the last choice. */
export function applyTheme(): void {
  apply(chosen());
}
