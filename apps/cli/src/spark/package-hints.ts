/** Which command installs something on this machine. */
import { readFileSync } from 'node:fs';

type System = 'debian' | 'fedora' | 'alpine' | 'arch' | 'macos' | 'other';

const COMMANDS: Readonly<Record<'java' | 'python' | 'venv' | 'maven', Readonly<Record<System, string>>>> = {
  java: {
    debian: 'apt install openjdk-17-jre-headless (on newer releases openjdk-21-jre-headless)',
    fedora: 'dnf install java-21-openjdk-headless',
    alpine: 'apk add openjdk17-jre-headless bash',
    arch: 'pacman -S jre17-openjdk-headless',
    macos: 'brew install openjdk@17',
    other: 'a Java runtime of version 17 or newer, such as https://adoptium.net/',
  },
  python: {
    debian: 'apt install python3 python3-venv',
    fedora: 'dnf install python3',
    alpine: 'apk add python3',
    arch: 'pacman -S python',
    macos: 'brew install python',
    other: 'Python 3.10 or newer, such as https://www.python.org/',
  },
  venv: {
    debian: 'apt install python3-venv',
    fedora: 'dnf install python3-pip',
    alpine: 'apk add py3-pip',
    arch: 'pacman -S python-pip',
    macos: 'brew install python',
    other: "Python's own modules venv and ensurepip",
  },
  maven: {
    debian: 'apt install maven',
    fedora: 'dnf install maven',
    alpine: 'apk add maven',
    arch: 'pacman -S maven',
    macos: 'brew install maven',
    other: 'Maven, https://maven.apache.org/',
  },
};

export function packageHint(what: keyof typeof COMMANDS, system: System = thisSystem()): string {
  return COMMANDS[what][system];
}

function thisSystem(): System {
  if (process.platform === 'darwin') return 'macos';
  try {
    return systemOf(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return 'other';
  }
}

/** os-release(5): ID and the systems that it is like. */
export function systemOf(release: string): System {
  const names = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => (match[1] ?? '').split(' '));
  if (names.includes('debian') || names.includes('ubuntu')) return 'debian';
  if (names.includes('fedora') || names.includes('rhel')) return 'fedora';
  if (names.includes('alpine')) return 'alpine';
  return names.includes('arch') ? 'arch' : 'other';
}
