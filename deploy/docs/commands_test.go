package docs

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/interp"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
)

// exec runs one command of a page. clickedge runs in this process; of another
// program, only the effect that the page needs is imitated. An unknown command
// fails.
func (p *page) exec(ctx context.Context, args []string) error {
	line := strings.Join(args, " ")
	switch {
	case args[0] == "clickedge":
		return p.clickedge(ctx, args[1:])
	case strings.HasPrefix(line, "go run ./deploy/cmd/clickedge "):
		return p.clickedge(ctx, args[3:])
	case line == "go install ./deploy/cmd/clickedge":
		return p.inClone("go", "vet", "./deploy/cmd/clickedge")
	case line == "make run":
		p.requireTarget(args[1])
		return p.serve([]string{"serve"}, nothingSet)
	case args[0] == "make" && len(args) == 2:
		p.requireTarget(args[1])
		return nil
	case args[0] == "sudo", args[0] == "docker":
		return p.install(ctx, args)
	case args[0] == "tar":
		return p.unpack(ctx, args)
	case args[0] == "mkdir":
		return p.mkdir(ctx, args)
	case args[0] == "cp":
		return p.cp(ctx, args)
	case strings.HasPrefix(line, "install -m 600 /dev/null "):
		return os.WriteFile(filepath.Join(interp.HandlerCtx(ctx).Dir, args[4]), nil, 0o600)
	case args[0] == "cat":
		return p.cat(ctx, args[1:])
	case args[0] == "curl":
		return p.curl(ctx, args)
	case strings.HasPrefix(line, "aws cloudfront get-distribution "):
		return p.print(ctx, "cloudfront-sendgrid")
	case line == "terraform apply":
		return p.terraform()
	case line == "terraform output -json dns":
		_, err := io.WriteString(interp.HandlerCtx(ctx).Stdout, terraformDNS)
		return err
	}
	return fmt.Errorf("%q is a command that the test does not know", line)
}

// clickedge runs the command. What it would find on the internet or in /etc is
// found beside the page.
func (p *page) clickedge(ctx context.Context, args []string) error {
	if err := os.Chdir(interp.HandlerCtx(ctx).Dir); err != nil { // t.Chdir's end takes it back
		return err
	}
	switch args[0] {
	case "serve", "server":
		return p.serve(args, nothingSet)
	case "collect":
		vars := interp.HandlerCtx(ctx).Env
		return p.serve(args, func(name string) (string, bool) {
			v := vars.Get(name)
			return v.Str, v.IsSet()
		})
	case "adopt":
		args = p.adopted(args)
	case "doctor":
		args = p.lookedAt(args)
	case "follow":
		args = append(args, "--via", "127.0.0.1:"+strconv.Itoa(p.looked.HTTPSPort), "--via", "*="+p.shop(), "--ca", p.looked.CAFile)
	case "testmail":
		args = p.mailed(args)
	case "build":
		args = p.builtHere(args)
		defer p.t.Chdir(p.dir)
	case "inspector":
		args = p.inspectorHere(args)
		defer p.t.Chdir(p.dir)
	case "migrate":
		args = slices.Clone(args)
		for i := range args {
			args[i] = strings.Replace(args[i], "/etc/nginx", filepath.Join(p.dir, "nginx"), 1)
		}
	}
	hc := interp.HandlerCtx(ctx)
	env := p.env(hc.Stdin, hc.Stdout, hc.Stderr, func(name string) (string, bool) {
		v := hc.Env.Get(name)
		return v.Str, v.IsSet()
	})
	if code := env.Run(ctx, args); code != failure.ExitOK {
		return interp.ExitStatus(code)
	}
	return p.sent(args)
}

// env is the world of a command. The page's "…" stands for the token.
func (p *page) env(in io.Reader, out, errs io.Writer, lookup func(string) (string, bool)) *cli.Env {
	if in == nil {
		in = strings.NewReader("")
	}
	return &cli.Env{In: in, Out: out, Err: errs, Now: time.Now, SigningKey: p.api.SigningKey(),
		LookupEnv: func(name string) (string, bool) {
			v, ok := lookup(name)
			switch {
			case name == "FASTLY_API_ENDPOINT":
				return p.apiURL, true
			case v == "…":
				return token, ok
			}
			return v, ok
		}}
}

// lookedAt leads the doctor to the set-up on this machine: each address of the
// internet that a page names has its place there.
func (p *page) lookedAt(args []string) []string {
	args = slices.Clone(args)
	resolvers := 0
	for i := 1; i < len(args); i++ {
		switch args[i-1] {
		case "--resolver":
			args[i] = p.looked.Resolvers[resolvers%len(p.looked.Resolvers)]
			resolvers++
		case "--via":
			args[i] = "127.0.0.1"
		}
	}
	if resolvers == 0 {
		args = append(args, "--resolver", p.looked.Resolvers[0])
	}
	return append(args, "--ca", p.looked.CAFile, "--origin", p.looked.Origin, "--timeout", "20s", "--slow", "1h",
		"--http-port", strconv.Itoa(p.looked.HTTPPort), "--https-port", strconv.Itoa(p.looked.HTTPSPort))
}

// adopted leads adopt to the set-up on this machine.
func (p *page) adopted(args []string) []string {
	return append(slices.Clone(args), "--resolver", p.looked.Resolvers[0], "--ca", p.looked.CAFile, "--ask-esp", p.looked.Origin, "--timeout", "20s",
		"--http-port", strconv.Itoa(p.looked.HTTPPort), "--https-port", strconv.Itoa(p.looked.HTTPSPort))
}

func (p *page) shop() string {
	secure, _ := p.landing.LandingAddr()
	return secure
}

// link is a click on the link domain of the doctor's set-up.
func (p *page) link() string { return "https://" + p.setUp.Host + p.setUp.Sample(esp.KindClick) }

// mailed sends to the mailbox on this machine.
func (p *page) mailed(args []string) []string {
	args = slices.Clone(args)
	if i := slices.Index(args, "--smtp"); i >= 0 {
		args[i+1] = p.mailAddr
		args = append(args, "--insecure-smtp")
	}
	return args
}

// sent reports what a command did that says nothing by itself.
func (p *page) sent(args []string) error {
	if args[0] != "testmail" || !slices.Contains(args, "--smtp") {
		return nil
	}
	mail := <-p.got
	require.Equal(p.t, "\x00apikey\x00"+token, mail.Login)
	require.Contains(p.t, mail.Message, "link.example.com")
	return nil
}

// builtHere builds in the clone; where a page has that behind it, it takes the
// module that was built once.
func (p *page) builtHere(args []string) []string {
	args = slices.Clone(args)
	if slices.Equal(args, []string{"build", "-o", "main.wasm"}) {
		p.t.Chdir(p.root)
		return []string{"build", "-o", filepath.Join(p.dir, "main.wasm"), "--sites", filepath.Join(p.dir, "sites.json")}
	}
	if !slices.Contains(args, "--module") {
		args = append(args, "--module", filepath.Join(p.dir, "main.wasm"))
	}
	return args
}

// inspectorHere makes the page from the clone, beside the page's own files.
func (p *page) inspectorHere(args []string) []string {
	require.Equal(p.t, []string{"inspector", "-o", "inspector.html"}, args)
	p.t.Chdir(p.root)
	return []string{"inspector", "-o", filepath.Join(p.dir, "inspector.html"), "--sites", filepath.Join(p.dir, "sites.json")}
}

func (p *page) inClone(name string, args ...string) error {
	cmd := exec.CommandContext(p.t.Context(), name, args...)
	cmd.Dir = p.root
	text, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	return nil
}

func (p *page) requireTarget(name string) {
	makefile, err := os.ReadFile(filepath.Join(p.root, "Makefile"))
	require.NoError(p.t, err)
	require.Contains(p.t, string(makefile), "\n"+name+":", "make %s", name)
}

func (p *page) cat(ctx context.Context, names []string) error {
	hc := interp.HandlerCtx(ctx)
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(hc.Dir, name))
		if err != nil {
			return err
		}
		if _, err := hc.Stdout.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// print prints what a reader of "migrate" is given, from its own tests.
func (p *page) print(ctx context.Context, name string) error {
	text, err := txtar.ParseFile(filepath.Join(p.root, "deploy/migrate/testdata/cases", name+".txtar"))
	require.NoError(p.t, err)
	_, err = interp.HandlerCtx(ctx).Stdout.Write(text.Files[0].Data)
	return err
}

// terraform applies the plan as far as this page's world goes: it is there and
// the package that it was made of is too. The real one has tests of its own.
func (p *page) terraform() error {
	for _, name := range []string{"clickedge.plan.json", "pkg/clickedge.tar.gz"} {
		if _, err := os.Stat(filepath.Join(p.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// terraformDNS is the module's output for one of the sites.
const terraformDNS = `{"acme_challenges": {
  "link.example.com": [{"name": "_acme-challenge.link.example.com", "type": "CNAME", "value": "abc123.fastly-validations.com"}]
}, "cname_targets": ["k.sni.global.fastly.net"]}`

// curl asks the running serve, or Fastly's API.
func (p *page) curl(ctx context.Context, args []string) error {
	url := args[len(args)-1]
	if strings.HasPrefix(url, "https://api.fastly.com/service/") {
		require.Contains(p.t, args, "Fastly-Key: "+token)
		return p.print(ctx, "fastly-customerio")
	}
	if path, ok := strings.CutPrefix(url, "http://127.0.0.1:9190"); ok {
		return p.posted(ctx, args, path)
	}
	target, ok := strings.CutPrefix(url, "http://127.0.0.1:7676")
	require.True(p.t, ok && slices.Equal(args[:3], []string{"curl", "-si", "-H"}), args)
	require.NotNil(p.t, p.served, "nothing was started that would answer")
	resp := p.served.get(p, args[3], target)
	if target == core.HealthPath {
		require.Equal(p.t, http.StatusOK, resp.StatusCode)
		return nil
	}
	require.Equal(p.t, http.StatusFound, resp.StatusCode)
	require.Contains(p.t, p.text, resp.Header.Get("Location"), "the page does not say where the click leads")
	return nil
}

// posted sends a file to "clickedge collect", as curl --data-binary does.
func (p *page) posted(ctx context.Context, args []string, path string) error {
	require.True(p.t, len(args) == 7 && slices.Equal(args[:3], []string{"curl", "-s", "-H"}) && args[4] == "--data-binary", args)
	require.NotNil(p.t, p.served, "nothing was started that would answer")
	body, err := os.ReadFile(filepath.Join(interp.HandlerCtx(ctx).Dir, strings.TrimPrefix(args[5], "@")))
	require.NoError(p.t, err)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.served.addr+path, bytes.NewReader(body))
	require.NoError(p.t, err)
	name, value, _ := strings.Cut(args[3], ": ")
	req.Header.Set(name, strings.Replace(value, "…", token, 1))
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	require.Equal(p.t, http.StatusOK, resp.StatusCode)
	_, err = io.Copy(interp.HandlerCtx(ctx).Stdout, resp.Body)
	return err
}

// nothingSet is an empty environment.
func nothingSet(string) (string, bool) { return "", false }

// served is a "clickedge serve" in this process.
type served struct {
	addr string
	stop context.CancelFunc
	exit chan int
	talk *talk
}

// talk is what serve prints, read until it listens.
type talk struct {
	mu     sync.Mutex
	all    strings.Builder
	listen chan string
}

func (w *talk) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all.Write(b)
	if _, rest, ok := strings.Cut(w.all.String(), "listening on http://"); ok && w.listen != nil {
		if addr, _, ended := strings.Cut(rest, "\n"); ended {
			w.listen <- addr
			w.listen = nil
		}
	}
	return len(b), nil
}

// serve starts in the background, as in a first terminal. The one before it
// ends first, as by Ctrl-C.
func (p *page) serve(args []string, lookup func(string) (string, bool)) error {
	p.stop()
	ctx, cancel := context.WithCancel(p.t.Context())
	s := &served{stop: cancel, exit: make(chan int, 1), talk: &talk{listen: make(chan string, 1)}}
	listening := s.talk.listen
	switch args = slices.Clone(args); args[0] {
	case "server":
		args = append(args, "--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	case "collect":
		args = append(args, "--listen", "127.0.0.1:0")
	default:
		args = append(args, "--module", filepath.Join(p.dir, "main.wasm"), "--addr", "127.0.0.1:0")
	}
	if slices.Contains(args, "--tls") {
		args = append(args, "--tls-addr", "127.0.0.1:0")
	}
	env := p.env(nil, io.Discard, s.talk, lookup)
	go func() { s.exit <- env.Run(ctx, args) }()
	select {
	case s.addr = <-listening:
		p.served = s
		return nil
	case code := <-s.exit:
		cancel()
		return fmt.Errorf("%s ended with %d: %s", args[0], code, s.talk.all.String())
	}
}

func (p *page) stop() {
	if p.served == nil {
		return
	}
	p.served.stop()
	require.Equal(p.t, failure.ExitOK, <-p.served.exit, p.served.talk.all.String())
	p.served = nil
}

// get sends the request as it stands.
func (s *served) get(p *page, field, target string) *http.Response {
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(p.t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n", target, field)
	require.NoError(p.t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(p.t, err)
	resp.Body.Close()
	return resp
}
