package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// names are the types and constants that a package exports.
type names struct {
	Types     []typeName
	Constants []constants
}

type typeName struct {
	Name    string
	Comment []string // with the slashes
}

type constants struct {
	Comment []string
	Names   []string
}

// aliases returns the names that the package in folder exports, for the file out of another package.
// Its error names each of them that another file beside out declares too.
func aliases(folder, out string) (names, error) {
	var n names
	model, err := parse(folder, "")
	if err != nil {
		return n, err
	}
	for _, path := range sortedKeys(model) {
		for _, declaration := range model[path].Decls {
			if d, ok := declaration.(*ast.GenDecl); ok {
				n.add(d)
			}
		}
	}
	slices.SortFunc(n.Types, func(a, b typeName) int { return strings.Compare(a.Name, b.Name) })
	others, err := parse(filepath.Dir(out), filepath.Base(out))
	if err != nil {
		return n, err
	}
	return n, errors.Join(n.collisions(others)...)
}

func (n *names) add(d *ast.GenDecl) {
	var group []string
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				n.Types = append(n.Types, typeName{s.Name.Name, introduced(s.Name.Name, comment(d.Doc))})
			}
		case *ast.ValueSpec:
			for _, id := range s.Names {
				if d.Tok == token.CONST && id.IsExported() {
					group = append(group, id.Name)
				}
			}
		}
	}
	if len(group) > 0 {
		n.Constants = append(n.Constants, constants{comment(d.Doc), group})
	}
}

// introduced puts a colon between a name and the description that oapi-codegen appends to it, which
// is a sentence of its own.
func introduced(name string, lines []string) []string {
	if len(lines) > 0 {
		text, ok := strings.CutPrefix(lines[0], "// "+name+" ")
		if first, _ := utf8.DecodeRuneInString(text); ok && unicode.IsUpper(first) {
			lines[0] = "// " + name + ": " + text
		}
	}
	return lines
}

// collisions returns an error for each of the names that one of the files declares too, and for each
// method that is declared twice and comes from an operation, so that a generated file declares it.
func (n *names) collisions(files map[string]*ast.File) []error {
	taken := map[string]string{}
	var errs []error
	for _, path := range sortedKeys(files) {
		for _, name := range declared(files[path]) {
			first, ok := taken[name]
			if ok && strings.Contains(name, ".") && (ast.IsGenerated(files[first]) || ast.IsGenerated(files[path])) {
				errs = append(errs, fmt.Errorf("the method %s is declared in %s and in %s: give the operation another operationId", name, first, path))
			}
			taken[name] = path
		}
	}
	check := func(name, remedy string) {
		if path, ok := taken[name]; ok {
			errs = append(errs, fmt.Errorf("%s is declared in %s too: %s", name, path, remedy))
		}
	}
	for _, t := range n.Types {
		check(t.Name, "give the schema another Go name with x-go-name")
	}
	for _, c := range n.Constants {
		for _, name := range c.Names {
			check(name, "give the value of the enum another Go name with x-enum-varnames")
		}
	}
	return errs
}

// declared returns the names that a file declares at its top level. A method is Receiver.Method.
func declared(file *ast.File) []string {
	var list []string
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = strings.TrimPrefix(types.ExprString(d.Recv.List[0].Type), "*") + "." + name
			}
			list = append(list, name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					list = append(list, s.Name.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						list = append(list, id.Name)
					}
				}
			}
		}
	}
	return list
}

// parse returns the Go files in folder by their paths, without tests and the file named except.
func parse(folder, except string) (map[string]*ast.File, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	files := map[string]*ast.File{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || filepath.Base(path) == except {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files[path] = file
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no Go files", folder)
	}
	return files, nil
}

func comment(group *ast.CommentGroup) []string {
	if group == nil {
		return nil
	}
	var lines []string
	for _, c := range group.List {
		lines = append(lines, c.Text)
	}
	return lines
}
