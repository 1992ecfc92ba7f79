package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// smallestDatabase is the size of SQLite's smallest page, in bytes. SQLite takes a shorter file for an
// empty database and would write over it.
const smallestDatabase = 512

// prepareFile checks that path can be a database, and makes an empty file there when there is none.
// It returns the path in its absolute form.
//
// A file that is there is looked at but never opened: on a Unix, closing it again would take away
// the locks that SQLite holds on it for another Store of this process.
func prepareFile(path string) (absolute string, err error) {
	if path == "" {
		return "", errors.New("the path is empty")
	}
	if strings.ContainsRune(path, 0) {
		return "", errors.New("the path holds a NUL character")
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	info, err := os.Stat(path) //nolint:gosec // the path is for whoever runs the program to choose
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, makeFile(path)
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errors.New("it is a directory")
	case info.Mode().Perm()&0o222 == 0:
		// The superuser could write to it all the same, but somebody has asked that nobody does.
		return "", ErrReadOnly
	case info.Size() > 0 && info.Size() < smallestDatabase:
		return "", ErrNotDatabase
	}
	return path, nil
}

// makeFile makes an empty file that its owner alone can read; SQLite gives the files of its journal
// the same mode. The file is closed before it has its name, for the reason that prepareFile gives,
// and does not replace one that another process has made meanwhile.
func makeFile(path string) error {
	directory := filepath.Dir(path)
	if _, err := os.Stat(directory); err != nil { //nolint:gosec // the path is for whoever runs the program to choose
		return fmt.Errorf("its directory cannot be used: %w", err)
	}
	file, err := os.CreateTemp(directory, ".sandbox-*.new") // of mode 0600
	if err != nil {
		return fmt.Errorf("its directory cannot be written to: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() //nolint:gosec // the path is for whoever runs the program to choose
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return createFile(path) // on a file system without hard links
}

// createFile makes an empty file under its own name, unless there is one.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the path is for whoever runs the program to choose
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}
