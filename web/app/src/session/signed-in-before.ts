const KEY = "parley.signed-in";

/** Notes in this browser whether somebody is signed in: the cookie that says so is for the server alone. */
export function remember(isSignedIn: boolean): void {
  try {
    if (isSignedIn) localStorage.setItem(KEY, "1");
    else localStorage.removeItem(KEY);
  } catch {
    // Where nothing may be stored, nobody is told why a session of an earlier visit is over.
  }
}

/** Whether somebody was signed in here, and has not signed out. */
export function isRemembered(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}
