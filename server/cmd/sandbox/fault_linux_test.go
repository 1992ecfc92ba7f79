package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestAFullDisk fills the disk that the database is on, and frees it again.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	size := "size=3m"
	if os.Getenv("SOAK") != "" { // which buys more than that holds
		size = "size=200m"
	}
	disk := smallDisk(t, size)
	database := "sqlite:" + filepath.Join(disk, "sandbox.db")
	p := startProcess(t, serveArgs(database)...)
	l := startLoad(t, p.base, 8, patience)
	for range rounds(t, 3) {
		l.waitFor(20)
		fill(t, filepath.Join(disk, "filler"))
		l.waitForFailures(20)
		_, _, unknown, broken := l.counts()
		if unknown+broken > 0 {
			t.Errorf("%d answers left open what happened, %d did not come", unknown, broken)
		}
		// A full disk can be read: payment pages still open, and it is ready.
		waitReady(t, p.base, 200)
		if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
			t.Fatal(err)
		}
	}
	l.waitFor(20)
	l.check(database)
	if n := p.resident(); n > memory {
		t.Errorf("it has had %d MiB", n)
	}
}

// smallDisk mounts a file system of a given size, which takes the superuser.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	path := t.TempDir()
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, size); err != nil {
		lacks(t, "a small disk cannot be mounted: run this as the superuser: "+err.Error())
	}
	t.Cleanup(func() { _ = syscall.Unmount(path, syscall.MNT_DETACH) })
	return path
}

// fill writes to a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, size := range []int{1 << 20, 64 << 10, 4 << 10, 256} {
		for err = nil; err == nil; {
			_, err = file.Write(bytes.Repeat([]byte{1}, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

// lacks skips a test for want of what a machine may not have. CI skips nothing.
func lacks(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
