package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"
)

// The completion scripts are made from kong's own model of the flags.
//
//go:embed completion.tmpl
var completionSource string

var completions = template.Must(template.New("completion").Funcs(template.FuncMap{
	"quote": func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" },
	"join":  func(values []string) string { return strings.Join(values, " ") },
	"help": func(text string) string { // zsh ends a description at a bracket or a colon
		first, _, _ := strings.Cut(text, ". ")
		return strings.NewReplacer("[", "(", "]", ")", ":", " -").Replace(strings.TrimSuffix(first, "."))
	},
}).Parse(completionSource))

// completedFlag is one flag, as the scripts need it.
type completedFlag struct {
	Name, Help string
	Takes      bool // a value
	File       bool // whose value is a path
	Values     []string
}

// shellOf returns the shell of --completion, if args contain it. It is looked for before kong parses,
// because kong would find that the amount is missing.
func shellOf(args []string) (shell string, asked bool) {
	for i, arg := range args {
		switch value, is := strings.CutPrefix(arg, "--completion="); {
		case is:
			return value, true
		case arg == "--completion" && i+1 < len(args):
			return args[i+1], true
		}
	}
	return "", false
}

// complete prints the completion script of a shell.
func complete(parser *kong.Kong, shell string) error {
	var list []completedFlag
	for _, flag := range parser.Model.Flags {
		f := completedFlag{Name: flag.Name, Help: flag.Help, Takes: !flag.IsBool(), File: strings.HasSuffix(flag.Name, "-file")}
		if f.Takes && flag.Enum != "" {
			f.Values = slices.DeleteFunc(flag.EnumSlice(), func(value string) bool { return value == "" })
		}
		list = append(list, f)
	}
	script := completions.Lookup(shell)
	if script == nil || shell == "completion" {
		return fmt.Errorf("--completion: %q is not one of bash, zsh and fish", shell)
	}
	return show(func() error { return script.Execute(parser.Stdout, list) })
}
