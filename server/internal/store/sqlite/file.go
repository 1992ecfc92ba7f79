package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// smallestDatabase is the size of SQLite's smallest page, in bytes. SQLite treats a shorter file as an empty database
// and overwrites it.
const smallestDatabase = 512

// creation serializes the creation of files in this process. To close a file drops all locks of this process on the
// file (POSIX), so a file must be closed before another Store of this process opens it.
var creation sync.Mutex

// prepareFile checks that path can be a database, and creates a missing file. It returns the absolute path. It does
// not open an existing file.
func prepareFile(path string) (absolute string, err error) {
	if path == "" {
		return "", errors.New("the path is empty")
	}
	if strings.ContainsRune(path, 0) {
		return "", errors.New("the path contains a NUL character")
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	creation.Lock()
	defer creation.Unlock()
	info, err := os.Stat(path) //nolint:gosec // the user chooses the path
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, createFile(path)
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errors.New("it is a directory")
	case info.Mode().Perm()&0o222 == 0: // which root could write to all the same
		return "", ErrReadOnly
	case info.Size() > 0 && info.Size() < smallestDatabase:
		return "", ErrNotDatabase
	}
	return path, nil
}

// createFile creates an empty file that only its owner can read, unless another process has created it. SQLite gives
// the files of its journal the same mode.
func createFile(path string) error {
	directory := filepath.Dir(path)
	if _, err := os.Stat(directory); err != nil { //nolint:gosec // the user chooses the path
		return fmt.Errorf("its directory cannot be used: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the user chooses the path
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the file cannot be created: %w", err)
	}
	return file.Close()
}
