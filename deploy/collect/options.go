package collect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/certfile"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/spool"
)

// anyService stands for every service of Fastly.
const anyService = "*"

var (
	serviceID = regexp.MustCompile(`^[A-Za-z0-9]{16,32}$`)
	hashOfID  = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
)

// check refuses what cannot be meant, and says what others may do.
func (r *run) check() error {
	r.Listen, r.Field = cmp.Or(r.Listen, DefaultListen), cmp.Or(r.Field, "Authorization")
	r.FileMiB, r.BodyMiB = cmp.Or(r.FileMiB, FileMiB), cmp.Or(r.BodyMiB, BodyMiB)
	for _, check := range []func() error{r.checkFlags, r.checkSizes, r.checkServices, r.checkFiles} {
		if err := check(); err != nil {
			return err
		}
	}
	if (r.Cert == "") != (r.Key == "") {
		return failure.Usage(errors.New("https needs a certificate and its key"), "give both --cert and --key")
	}
	if r.Cert != "" {
		r.cert = &certfile.File{Cert: r.Cert, Key: r.Key, Clients: "senders"}
	}
	return spool.CheckField(r.Field)
}

func (r *run) checkFlags() error {
	switch {
	case r.Dir == "":
		return failure.Usage(errors.New("no folder is named for the log"), "name one with --dir; it is made where it does not exist")
	case r.Plain && r.Cert != "":
		return failure.Usage(errors.New("--plain-http is for an address without a certificate, and --cert names one"), "leave one of them out")
	case r.DuckDB == "" && r.Program != "":
		return failure.Usage(errors.New("--duckdb-program loads into DuckDB, and no database is named"), "name its file with --duckdb, or leave --duckdb-program out")
	}
	return nil
}

func (r *run) checkSizes() error {
	switch {
	case r.FileMiB < 1 || r.FileMiB > mostFileMiB:
		return failure.Usage(fmt.Errorf("--file-mib %d is out of bounds", r.FileMiB), fmt.Sprintf("it takes 1 to %d", mostFileMiB))
	case r.BodyMiB < 1 || r.BodyMiB > mostFileMiB:
		return failure.Usage(fmt.Errorf("--body-mib %d is out of bounds", r.BodyMiB), fmt.Sprintf("it takes 1 to %d", mostFileMiB))
	case r.Keep < 0:
		return failure.Usage(fmt.Errorf("--keep %d is no number of days", r.Keep), "0 keeps files for ever")
	case r.Keep > mostKeep:
		return failure.Usage(fmt.Errorf("--keep %d is out of bounds", r.Keep), fmt.Sprintf("it takes %d days at most; 0 keeps files for ever", mostKeep))
	}
	if r.Keep > 0 {
		r.warn(fmt.Sprintf("files of the log are removed when they are older than %d days", r.Keep))
	}
	return nil
}

func (r *run) checkServices() error {
	for _, id := range r.Service {
		switch {
		case id == anyService:
			r.warn("warning: every service of Fastly's customers may send here; only the token says whose lines they are. --service with an id lets one alone")
		case hashOfID.MatchString(id):
			return failure.Usage(fmt.Errorf("--service %q is the hash of an id", id), "give the id itself; its hash is made here")
		case !serviceID.MatchString(id):
			return failure.Usage(fmt.Errorf("--service %q is no id of a service", clean.Cut(id, 60)), "an id has letters and digits, 22 as a rule; clickedge publish prints it")
		}
	}
	return nil
}

// checkFiles refuses standard input, since files are read again.
func (r *run) checkFiles() error {
	if slices.Contains([]string{r.Cert, r.Key, r.Token, r.OldToken}, files.Std) {
		return failure.Usage(errors.New("certificate and token are read again when they change, so standard input cannot be one"), "name files")
	}
	return nil
}

// watched are the files that are read again when they change.
func (r *run) watched() (names []string) {
	for _, name := range []string{r.Cert, r.Key, r.Token, r.OldToken} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// load reads token and certificate.
func (r *run) load() error {
	tokens, err := r.tokens()
	if err != nil {
		return err
	}
	if r.cert != nil {
		if err := r.cert.Load(nil, r.Err); err != nil {
			return err
		}
	}
	r.handler.setTokens(tokens)
	return nil
}

// fewBytes is a length below which a token can be guessed.
const fewBytes = 16

// tokens reads the token, and the one that is taken beside it.
func (r *run) tokens() (list []string, err error) {
	read := func(name string) ([]byte, error) { return r.In.ReadText("the token", name, 64<<10, "") }
	source := spool.TokenSource{LookupEnv: r.LookupEnv, File: r.Token, Credential: r.credential(), Read: read, Warn: r.warn}
	token, err := source.Token()
	if err != nil {
		return nil, err
	}
	switch {
	case token != "" && r.Open:
		return nil, failure.Usage(errors.New("there is a token, and --no-token says that nobody needs one"), "leave one of them out")
	case token == "" && !r.Open:
		return nil, failure.Usage(errors.New("there is no token: whoever reaches the address could add lines to the click log"),
			"set "+spool.TokenVariable+", give --log-token FILE, or systemd's credential "+spool.TokenCredential+"; or say --no-token")
	case token == "" && r.OldToken != "":
		return nil, failure.Usage(errors.New("--old-token is taken beside a token, and there is none"), "give the new one with --log-token")
	case token == "":
		r.warn("warning: whoever reaches the address can add lines to the click log")
		return nil, nil
	}
	list = append(list, token)
	if r.OldToken != "" {
		old := spool.TokenSource{LookupEnv: func(string) (string, bool) { return "", false }, File: r.OldToken, Flag: "--old-token", Read: read, Warn: r.warn}
		if token, err = old.Token(); err != nil {
			return nil, err
		}
		list = append(list, token)
	}
	for _, token := range list {
		if len(token) < fewBytes {
			r.warn(fmt.Sprintf("warning: a token has less than %d bytes and can be guessed; openssl rand -hex 32 makes a better one", fewBytes))
		}
	}
	return list, nil
}

// credential is the file of systemd's credential; "" for none.
func (r *run) credential() string {
	if r.Credentials == "" {
		return ""
	}
	file := filepath.Join(r.Credentials, spool.TokenCredential)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return file // what is wrong with it is said when it is read
}
