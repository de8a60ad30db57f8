# Completion of whycam for fish. It offers what --help names, which each shell asks once.

function __whycam
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l command (string match -v -- '-*' $words[2..])[1]
    set -l option $words[-1]
    set -l before (string match -r -- '^--[^=]*=' $token)
    test -z "$before"; or set option (string trim -r -c = -- $before)
    set -l help __whycam_help_(string escape --style=var -- "$command")
    # A list of choices that goes on in the next line is joined.
    set -q $help; or set -g $help ($words[1] $command --help 2>/dev/null | sed -e ':line' -e '/^  -[^ ]* {[^}]*$/{N;s/\n *//;b line' -e '}')
    # "  -n,--name KIND  what it is", or "  subcommand  what it does"
    set -l kind ''
    set -l offered
    for line in $$help
        set -l text (string replace -rf -- '^  .*?  +' '' $line)
        set -l found (string match -r -- '^  (-[^ ]+)(?: ([^ ]+))?' $line)
        for name in (string split , -- $found[2])
            set -a offered "$name"\t"$text"
            test "$name" != "$option"; or set kind $found[3] flag
        end
        set -l subcommand (string match -r -- '^  ([a-z-]+) ' $line)[2]
        test -z "$subcommand"; or set -a offered $subcommand\t"$text"
    end
    switch "$kind[1]"
        case '' flag
            if test -z "$command"; or string match -q -- '-*' $token
                string join \n -- $offered
            else
                __fish_complete_path $token
            end
        case 'FILE*'
            __fish_complete_path (string replace -- "$before" '' $token) | string replace -r -- '^' "$before"
        case 'DIR*'
            __fish_complete_directories (string replace -- "$before" '' $token) | string replace -r -- '^' "$before"
        case '{*'
            string split , -- (string match -r -- '^{(.*?)}' $kind[1])[2] | string replace -r -- '^' "$before"
    end
end

complete -c whycam -f -a '(__whycam)'
