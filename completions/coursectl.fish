function __coursectl_completion
    set -l offers (env _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) \
        _COURSECTL_COMPLETE=complete_fish coursectl 2>/dev/null)
    if set -q offers[1]
        printf '%s\n' $offers
    else
        __fish_complete_path (commandline -ct)
    end
end

complete --command coursectl --no-files --arguments '(__coursectl_completion)'
