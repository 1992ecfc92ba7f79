package server_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server"
)

func TestHTTPS(t *testing.T) {
	t.Parallel()
	certificate, pool := selfSigned(t)
	var refused atomic.Int64
	s := serve(t, takes, server.WithRefusals(func(int, string, []byte) { refused.Add(1) }), server.WithTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	request := order()
	request.RequestURI = ""
	request.URL.Scheme, request.URL.Host = "https", s.address
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("over HTTPS: %d", response.StatusCode)
	}
	inTheClear, body := dial(t, s.address).ask(t, post(`{"amount":320}`))
	if inTheClear.StatusCode != 400 || inTheClear.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(body, `{"message":`) {
		t.Errorf("in the clear: %d %v %s", inTheClear.StatusCode, inTheClear.Header, body)
	}
	if n := refused.Load(); n != 1 {
		t.Errorf("a request in the clear is told of %d times", n)
	}
	secured := tls.Client(dial(t, s.address), &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12})
	malformed, _ := (&raw{secured, bufio.NewReader(secured)}).ask(t, "nonsense\r\n\r\n")
	if malformed.StatusCode != 400 || malformed.Header.Get("Content-Type") != "application/json" {
		t.Errorf("no HTTP within TLS: %d %v", malformed.StatusCode, malformed.Header)
	}
}

func selfSigned(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
