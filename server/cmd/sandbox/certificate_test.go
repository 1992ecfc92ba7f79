package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

// writeCertificate writes a certificate of this machine with a serial number, and its key.
func writeCertificate(t testing.TB, certFile, keyFile string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: certificate}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return pool
}

func TestServeHTTPS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool := writeCertificate(t, cert, key, 1)
	s := serveIn(t, vars("SANDBOX_TLS_KEY", key), "--addr", "127.0.0.1:0", "--database", "sqlite::memory:", "--tls-cert", cert)
	if !strings.HasPrefix(s.base, "https://127.0.0.1:") {
		t.Fatalf("announced %s", s.output)
	}
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	c, err := client.New(client.WithBaseURL(s.base), client.WithAPIKey("sandbox-active-token"), client.WithHTTPClient(trusting))
	if err != nil {
		t.Fatal(err)
	}
	payment, err := c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil || !strings.HasPrefix(payment.URL, "https://127.0.0.1:") {
		t.Errorf("%v, %v", payment, err)
	}
}

func TestARenewedCertificateIsServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key, 1)
	log := &strings.Builder{}
	c, err := newCertificate(cert, key, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serves := func(step string, serial int64) {
		t.Helper()
		served, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(served.Certificate[0])
		if err != nil || leaf.SerialNumber.Int64() != serial {
			t.Errorf("%s: the certificate %v is served, want %d", step, leaf.SerialNumber, serial)
		}
	}
	later := func() {
		c.looked = c.looked.Add(-time.Minute)
		soon := time.Now().Add(time.Duration(len(log.String())+1) * time.Second) // a clock of whole seconds notices, too
		for _, name := range []string{cert, key} {
			if err := os.Chtimes(name, soon, soon); err != nil {
				t.Fatal(err)
			}
		}
	}
	serves("first", 1)
	writeCertificate(t, cert, key, 2)
	serves("at once", 1)
	later()
	serves("later", 2)
	if err := os.WriteFile(cert, []byte("half a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	later()
	serves("when it is broken", 2)
	if !strings.Contains(log.String(), "cannot be read again") {
		t.Errorf("the log says %s", log)
	}
	if _, err := newCertificate(cert, key, slog.Default()); err == nil {
		t.Error("a broken certificate was taken")
	}
}

func TestCredentialsInTheClear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key, 1)
	const warning = "Credentials travel in the clear"
	for _, row := range []struct {
		warned bool
		args   []string
	}{
		{false, []string{"--addr", "127.0.0.1:0"}},
		{true, []string{"--addr", "0.0.0.0:0"}},
		{true, []string{"--addr", "0.0.0.0:0", "--public-url", "http://pay.example.com"}},
		{false, []string{"--addr", "0.0.0.0:0", "--public-url", "https://pay.example.com"}},
		{false, []string{"--addr", "0.0.0.0:0", "--tls-cert", cert, "--tls-key", key}},
	} {
		s := serveIn(t, none, append(row.args, "--database", "sqlite::memory:")...)
		if strings.Contains(s.output, warning) != row.warned {
			t.Errorf("%v: %s", row.args, s.output)
		}
	}
	for _, args := range [][]string{{"--tls-cert", cert}, {"--tls-key", key}, {"--tls-cert", key, "--tls-key", cert}, {"--tls-cert", "nowhere", "--tls-key", "nowhere"}} {
		var said strings.Builder
		if err := run(t.Context(), append([]string{"serve", "--addr", "127.0.0.1:0", "--database", "sqlite::memory:"}, args...), none, &said, &said); err == nil {
			t.Errorf("%v was taken: %s", args, &said)
		}
	}
}
