package postgrestest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// superuser is the only user of a cluster.
const superuser = "sandbox"

// errNotInstalled reports that this machine has no PostgreSQL programs.
var errNotInstalled = errors.New("PostgreSQL is not installed: install the package postgresql, or set " + urlVariable)

// cluster is the files of a server that this package runs, and how to control its processes.
type cluster struct {
	programs  string // the directory of initdb and pg_ctl
	directory string
	process   syscall.SysProcAttr // of every command
	keeper    *exec.Cmd
	lifeline  io.Closer // standard input of keeper
}

// startServer creates a cluster and starts its server with a setting, such as fsync=off.
func startServer(setting string) (_ *Server, err error) {
	c := &cluster{}
	if c.programs, err = findPrograms(); err != nil {
		return nil, err
	}
	if c.directory, err = os.MkdirTemp("", "pg-"); err != nil {
		return nil, err
	}
	if err := c.keep(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.directory))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.remove())
		}
	}()
	password := rand.Text()
	if err := c.init(password); err != nil {
		return nil, err
	}
	for range 5 { // another program may use the port
		var port string
		if port, err = randomPort(); err != nil {
			return nil, err
		}
		if err = c.start(port, setting); err == nil {
			return &Server{cluster: c, url: &url.URL{
				Scheme: "postgres", User: url.UserPassword(superuser, password), Host: "127.0.0.1:" + port,
				Path: "/postgres", RawQuery: "sslmode=disable",
			}}, nil
		}
	}
	return nil, err
}

// findPrograms returns the directory of initdb and pg_ctl: on the PATH, or where Debian installs them.
func findPrograms() (string, error) {
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		return filepath.Dir(path), nil
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if err != nil || len(installed) == 0 {
		return "", errNotInstalled
	}
	return filepath.Dir(slices.Max(installed)), nil
}

// keep starts a shell that stops the server and deletes its files when its standard input ends. This process holds
// the other end, so that nothing is left behind even if this process is killed.
func (c *cluster) keep() error {
	if err := c.becomeUser(); err != nil {
		return err
	}
	const script = `
		cat >/dev/null
		server=$(head -n 1 data/postmaster.pid)
		kill -CONT "$server" $(cat "/proc/$server/task/$server/children")
		"$0" stop -D data -m immediate
		rm -rf "$PWD"`
	c.keeper = c.command("sh", "-c", script, filepath.Join(c.programs, "pg_ctl"))
	lifeline, err := c.keeper.StdinPipe()
	if err != nil {
		return err
	}
	c.lifeline = lifeline
	return c.keeper.Start()
}

// becomeUser selects the user of all commands. PostgreSQL refuses to run as root, so root runs it as another user.
func (c *cluster) becomeUser() error {
	c.process.Setpgid = true // an interrupt at the terminal ends the tests, and they end the server
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		if account, err = user.Lookup("nobody"); err != nil {
			return err
		}
	}
	var ids syscall.Credential
	if _, err := fmt.Sscan(account.Uid+" "+account.Gid, &ids.Uid, &ids.Gid); err != nil {
		return err
	}
	c.process.Credential = &ids
	return os.Chown(c.directory, int(ids.Uid), int(ids.Gid))
}

// init creates the files of the server. Connections need the password, as they usually do.
func (c *cluster) init(password string) error {
	file := filepath.Join(c.directory, "password")
	// The other user reads the file. No further user can, because the directory is private.
	if err := os.WriteFile(file, []byte(password), 0o644); err != nil { //nolint:gosec // in a private directory
		return err
	}
	return c.run("initdb", "--pgdata", "data", "--username", superuser, "--pwfile", "password",
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
}

// start starts the server and returns once it accepts connections.
func (c *cluster) start(port, setting string) error {
	return c.run("pg_ctl", "start", "-D", "data", "-l", "log", "-o", "-c listen_addresses=127.0.0.1 -c port="+port+
		" -c unix_socket_directories= -c max_connections=200 -c log_min_messages=fatal -c "+setting)
}

// restart starts the server again, after it stops the server if it is running.
func (c *cluster) restart() error { return c.run("pg_ctl", "restart", "-D", "data", "-l", "log") }

// remove stops the server and deletes its files.
func (c *cluster) remove() error {
	return errors.Join(c.lifeline.Close(), c.keeper.Wait())
}

// run runs a program of PostgreSQL.
func (c *cluster) run(program string, arguments ...string) error {
	output, err := c.command(filepath.Join(c.programs, program), arguments...).CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(c.directory, "log"))
		return fmt.Errorf("%s: %w: %s%s", program, err, output, log)
	}
	return nil
}

func (c *cluster) command(program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(context.Background(), program, arguments...) //nolint:gosec // a program of this machine
	command.Dir = c.directory
	command.SysProcAttr = &c.process
	return command
}

func (c *cluster) pause() error {
	_, err := c.signal(syscall.SIGSTOP)
	return err
}

func (c *cluster) resume() error {
	_, err := c.signal(syscall.SIGCONT)
	return err
}

// kill returns once all processes have ended.
func (c *cluster) kill() error {
	killed, err := c.signal(syscall.SIGKILL)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(administrationTimeout); slices.ContainsFunc(killed, running); {
		if time.Now().After(deadline) {
			return fmt.Errorf("some of the processes %v still run", killed)
		}
		time.Sleep(10 * time.Millisecond)
	}
	// The server would refuse to start while the process of this file exists, even as a zombie.
	return os.Remove(filepath.Join(c.directory, "data", "postmaster.pid"))
}

// signal sends a signal to the server and its children, and returns their process IDs. The server is stopped first,
// so that it cannot start another child.
func (c *cluster) signal(signal syscall.Signal) ([]int, error) {
	file, err := os.ReadFile(filepath.Join(c.directory, "data", "postmaster.pid"))
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(file), "\n")
	server, err := strconv.Atoi(first)
	if err != nil {
		return nil, err
	}
	if err := syscall.Kill(server, syscall.SIGSTOP); err != nil {
		return nil, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", server, server))
	if err != nil {
		return nil, fmt.Errorf("find the processes of the server, which works on Linux only: %w", err)
	}
	processes := []int{server}
	for _, field := range strings.Fields(string(children)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		processes = append(processes, child)
	}
	for _, process := range processes {
		if err := syscall.Kill(process, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return nil, err
		}
	}
	return processes, nil
}

// running reports whether a process exists and is not a zombie.
func running(process int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	return err == nil && !bytes.Contains(status, []byte(") Z "))
}

// randomPort returns a port below the range from which systems choose the ports of clients. A client that connects
// to a port of that range while the server is down may connect to itself.
func randomPort() (string, error) {
	const lowest, count = 12_000, 18_000
	n, err := rand.Int(rand.Reader, big.NewInt(count))
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(lowest+n.Int64(), 10), nil
}
