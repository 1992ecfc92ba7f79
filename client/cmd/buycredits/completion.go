package main

import (
	_ "embed"
	"fmt"
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

// completionFlag prints a completion script, before kong finds that the amount is missing.
type completionFlag string

// BeforeReset is a hook of kong's.
func (*completionFlag) BeforeReset(ctx *kong.Context, path *kong.Path) error {
	var list []completedFlag
	for _, flag := range ctx.Model.Flags {
		f := completedFlag{Name: flag.Name, Help: flag.Help, Takes: !flag.IsBool(), File: strings.HasSuffix(flag.Name, "-file")}
		if f.Takes && flag.Enum != "" {
			f.Values = flag.EnumSlice()
		}
		list = append(list, f)
	}
	shell := ctx.Value(path).Elem().String()
	script := completions.Lookup(shell)
	if script == nil || shell == "completion" {
		return fmt.Errorf("--completion: %q is not one of bash, zsh and fish", shell)
	}
	return show(func() error { return script.Execute(ctx.Stdout, list) })
}
