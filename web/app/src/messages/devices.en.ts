/** The texts about cameras, microphones and speakers, in English. */
export const devices = {
  microphone: "Microphone",
  camera: "Camera",
  speaker: "Speaker",
  systemDefault: "System default",
  unnamed: (kind: string, index: number) => `${kind} ${index}`,
  none: (kind: string) => `No ${kind.toLowerCase()} found`,
  testSpeaker: "Play a test tone",
  testing: "Playing…",
  turnOnMicrophone: "Turn on microphone",
  turnOffMicrophone: "Turn off microphone",
  turnOnCamera: "Turn on camera",
  turnOffCamera: "Turn off camera",
  microphoneOptions: "Microphone and speaker options",
  cameraOptions: "Camera options",
  errors: {
    microphone: {
      device_denied: {
        title: "Your browser does not let us use the microphone",
        help: "Click the icon beside the address bar, allow the microphone, then try again.",
      },
      device_not_found: { title: "No microphone found", help: "Plug one in, then try again." },
      device_in_use: {
        title: "Another application uses the microphone",
        help: "Close it there, then try again.",
      },
      device_blocked: {
        title: "Your system blocks the microphone",
        help: "Allow your browser to use the microphone in the privacy settings of your system, then try again.",
      },
      device_failed: { title: "The microphone did not start", help: "Try again, or choose another one." },
    },
    camera: {
      device_denied: {
        title: "Your browser does not let us use the camera",
        help: "Click the icon beside the address bar, allow the camera, then try again.",
      },
      device_not_found: { title: "No camera found", help: "Plug one in, then try again." },
      device_in_use: { title: "Another application uses the camera", help: "Close it there, then try again." },
      device_blocked: {
        title: "Your system blocks the camera",
        help: "Allow your browser to use the camera in the privacy settings of your system, then try again.",
      },
      device_failed: { title: "The camera did not start", help: "Try again, or choose another one." },
    },
    both: {
      device_denied: {
        title: "Your browser does not let us use camera and microphone",
        help: "Click the icon beside the address bar, allow both, then try again.",
      },
      device_not_found: { title: "No camera and no microphone found", help: "Plug them in, then try again." },
      device_in_use: {
        title: "Another application uses camera and microphone",
        help: "Close it there, then try again.",
      },
      device_blocked: {
        title: "Your system blocks camera and microphone",
        help: "Allow your browser to use them in the privacy settings of your system, then try again.",
      },
      device_failed: { title: "Camera and microphone did not start", help: "Try again, or choose others." },
    },
    screen: {
      device_denied: { title: "Nothing is shared", help: "You closed the picker, or your browser does not allow it." },
      device_not_found: { title: "There is no screen to share", help: "Try another window or tab." },
      device_in_use: { title: "This screen cannot be shared now", help: "Try another window or tab." },
      device_blocked: {
        title: "Your system blocks sharing the screen",
        help: "Allow your browser to record the screen in the privacy settings of your system.",
      },
      device_failed: { title: "Sharing the screen did not work", help: "This browser may not support it." },
    },
  },
};
