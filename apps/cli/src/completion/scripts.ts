/** What `millrace completion SHELL` prints. The scripts know nothing: they ask the program for each word. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const BASH = `# millrace completion for bash: source <(millrace completion bash)
_millrace_complete() {
  local line word="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$(printf '%q' "$line")")
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  # Option names go on with a value, and files are the shell's own business.
  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then
    compopt -o default 2>/dev/null
  fi
}
complete -F _millrace_complete millrace
`;

const ZSH = `#compdef millrace
# millrace completion for zsh: source <(millrace completion zsh)
_millrace() {
  local -a found
  local line
  while IFS= read -r line; do
    found+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done < <("\${words[1]}" complete --descriptions -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then
    _describe millrace found
  else
    _files
  fi
}
compdef _millrace millrace
`;

const FISH = `# millrace completion for fish: millrace completion fish | source
function __millrace_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] complete --descriptions -- $words[2..-1] 2>/dev/null
end
complete -c millrace -f -n 'test (count (__millrace_complete)) -gt 0' -a '(__millrace_complete)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
