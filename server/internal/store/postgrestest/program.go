package postgrestest

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
)

// errNoPrograms says that the machine has no PostgreSQL.
var errNoPrograms = errors.New("there are no programs of PostgreSQL")

// programs are what a server is made with and run by.
type programs struct{ initdb, postgres string }

// folders are where systems keep the programs that are not on the PATH: Debian and Ubuntu, Red Hat,
// Homebrew on both kinds of Mac, Postgres.app, and Windows.
func folders() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		`C:\Program Files\PostgreSQL\*\bin`,
	}
}

// findPrograms looks on the PATH first, and then for the newest of those that are installed.
func findPrograms() (programs, error) {
	if postgres, err := exec.LookPath("postgres"); err == nil {
		if initdb, err := exec.LookPath("initdb"); err == nil {
			return programs{initdb, postgres}, nil
		}
	}
	var found programs
	newest := -1
	for _, pattern := range folders() {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return programs{}, err
		}
		for _, folder := range matches {
			candidate, err := programsIn(folder)
			if version := versionOf(folder); err == nil && version > newest {
				found, newest = candidate, version
			}
		}
	}
	if newest < 0 {
		return programs{}, errNoPrograms
	}
	return found, nil
}

func programsIn(folder string) (programs, error) {
	postgres, err := exec.LookPath(filepath.Join(folder, "postgres"))
	if err != nil {
		return programs{}, err
	}
	initdb, err := exec.LookPath(filepath.Join(folder, "initdb"))
	return programs{initdb, postgres}, err
}

// versionOf returns the number in the name of the folder above bin, 0 when there is none.
func versionOf(folder string) int {
	name := filepath.Base(filepath.Dir(folder))
	end := len(name)
	for end > 0 && (name[end-1] == '.' || name[end-1] >= '0' && name[end-1] <= '9') {
		end--
	}
	version, err := strconv.ParseFloat(name[end:], 64) // as in 9.6
	if err != nil {
		return 0
	}
	return int(version)
}
