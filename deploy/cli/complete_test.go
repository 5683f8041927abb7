package cli

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

const completeSites = `{"sites": {
  "link.example.com": {"esp": "customerio-eu", "destinations": ["example.com"], "keys": ["k2", "k1"]},
  "mail.example.com": {"esp": "mailgun"}
}}`

// everyCommand calls f with each command that does something.
func everyCommand(cmd *cobra.Command, f func(*cobra.Command)) {
	if cmd.Runnable() && !cmd.HasSubCommands() {
		f(cmd)
	}
	for _, sub := range cmd.Commands() {
		everyCommand(sub, f)
	}
}

// completed asks as a shell does.
func completed(t *testing.T, words ...string) (values []string, directive string) {
	code, out, talk := runHere(t, append([]string{"__completeNoDesc"}, words...)...)
	require.Equal(t, failure.ExitOK, code, talk)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[:len(lines)-1], lines[len(lines)-1]
}

// Every flag that takes a value from a closed set offers the set, a flag that
// takes a file offers files, and no other flag offers what happens to lie here.
func TestEveryFlagCompletes(t *testing.T) {
	dir := t.TempDir()
	sites := filepath.Join(dir, "sites.json")
	require.NoError(t, os.WriteFile(sites, []byte(completeSites), 0o600))
	t.Chdir(dir)
	// What a flag of this name must offer, in whatever command; by command
	// where the name means another thing there.
	closed := map[string]string{
		"esp": "customerio-eu", "successor": "none", "host": "link.example.com", "site": "mail.example.com", "kid": "k1", "fault": "mailgun=429", "method": "POST",
		"origins": "real", "challenge": "link.example.com=", "minted-until": "k2=", "format": "json", "cdn": "fastly", "expires": "30d",
		"clickedge dns ca": "certainly", "clickedge migrate from": "nginx", "clickedge doctor origin": "none",
		"clickedge migrate host": "", "clickedge keys new kid": "", "clickedge init host": "", "clickedge init kid": "", "also": "sendgrid", "retired": "sendgrid",
		"when-esp-fails": "page", "for": "fastly", "clickedge adopt ask-esp": "none", "clickedge testmail from": "",
	}
	shown := map[string]bool{}
	everyCommand(new(Env).root(), func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			values, directive := completed(t, append(path, "--"+f.Name, "")...)
			want, ok := closed[cmd.CommandPath()+" "+f.Name]
			if !ok {
				want = closed[f.Name]
			}
			name, usage := pflag.UnquoteUsage(f)
			switch {
			case want != "":
				shown[f.Name] = true
				require.Contains(t, values, want, "%s --%s", cmd.CommandPath(), f.Name)
				require.NotEqual(t, ":0", directive)
			case name == "file" || name == "folder" || strings.Contains(usage, "PEM file"):
				require.Regexp(t, `^:(0|8|16)$`, directive, "%s --%s", cmd.CommandPath(), f.Name)
			default:
				require.Regexp(t, `^:[46]$`, directive, "%s --%s offers files", cmd.CommandPath(), f.Name)
			}
		})
	})
	for _, name := range []string{"esp", "host", "site", "kid", "fault", "method", "origins", "format", "cdn", "ca", "from"} {
		require.True(t, shown[name], name)
	}
	values, _ := completed(t, "sign", "--host", "")
	require.Equal(t, []string{"link.example.com"}, values, "only a site with keys can be signed for")
	values, _ = completed(t, "keys", "push", "")
	require.Equal(t, []string{"k2", "k1"}, values)
	values, _ = completed(t, "doctor", "")
	require.Equal(t, []string{"link.example.com", "mail.example.com"}, values)
	// Each value that is offered is one that the command takes.
	values, _ = completed(t, "serve", "--fault", "")
	require.Len(t, values, 2*7)
	require.NoError(t, os.Remove(sites))
	values, directive := completed(t, "sign", "--host", "")
	require.Empty(t, strings.Join(values, ""), "without sites.json there is nothing to offer, and no error in the shell")
	require.Equal(t, ":4", directive)
}

var (
	commandInText = regexp.MustCompile(`\bclickedge ((?:[a-z]+)(?: (?:new|push|status|remove|import|bash))?)\b`)
	flagInText    = regexp.MustCompile(`(?:^|[\s("'` + "`" + `])--([a-z][a-z0-9-]+)`)
)

// namedValues finds the values that a flag's help names: "text, zone or json".
var namedValues = regexp.MustCompile(`((?:[a-z][a-z-]+, )+[a-z][a-z-]+),? or ([a-z][a-z-]+)`)

// A flag whose help names its values offers these, in every command.
func TestValuesThatHelpNamesComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	seen := map[string]bool{}
	everyCommand(new(Env).root(), func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			m := namedValues.FindStringSubmatch(f.Usage)
			if m == nil || f.Value.Type() == "bool" {
				return
			}
			path := strings.Fields(cmd.CommandPath())[1:]
			values, _ := completed(t, append(path, "--"+f.Name, "")...)
			require.Subset(t, values, append(strings.Split(m[1], ", "), m[2]), "%s --%s", cmd.CommandPath(), f.Name)
			seen[cmd.CommandPath()+" "+f.Name] = true
		})
	})
	require.Subset(t, slices.Collect(maps.Keys(seen)), []string{"clickedge publish ca", "clickedge dns ca", "clickedge doctor cdn", "clickedge migrate from"})
}

// What a help, a hint or a guide tells people to type exists: each "clickedge
// X" is a command, and each flag behind it is one of its.
func TestWhatIsNamedExists(t *testing.T) {
	root := new(Env).root()
	flags := map[string]bool{"help": true, "version": true}
	var collect func(*cobra.Command)
	collect = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
		for _, sub := range cmd.Commands() {
			collect(sub)
		}
	}
	collect(root)
	seen := 0
	checkCommand := func(where, words string) {
		found, rest, err := root.Find(strings.Fields(words))
		if prose[words] {
			return
		}
		if err != nil || found == root {
			t.Errorf("%s names %q, which is no command", where, "clickedge "+words)
			return
		}
		_ = rest
		seen++
	}
	everyText(t, func(where, text string) {
		text = ofDocker.ReplaceAllString(text, "")
		for _, m := range commandInText.FindAllStringSubmatch(text, -1) {
			checkCommand(where, m[1])
		}
		for _, line := range strings.Split(text, "\n") {
			i := strings.Index(line, "clickedge ")
			if i < 0 || !commandInText.MatchString(line[i:]) {
				continue
			}
			for _, m := range flagInText.FindAllStringSubmatch(untilNextCommand(line[i:]), -1) {
				if !flags[m[1]] {
					t.Errorf("%s names --%s, which no command has: %s", where, m[1], line)
				}
			}
		}
	})
	require.Greater(t, seen, 100)
	everyCommand(root, func(cmd *cobra.Command) {
		for _, m := range flagInText.FindAllStringSubmatch(cmd.Long+"\n"+cmd.Example, -1) {
			if !flags[m[1]] && !foreignFlags[m[1]] {
				t.Errorf("the help of %s names --%s, which no command has", cmd.CommandPath(), m[1])
			}
		}
	})
}

// prose is what stands behind the name where a sentence goes on.
var prose = map[string]bool{"stands": true, "knows": true, "puts": true, "built": true, "does": true, "has": true, "is": true, "can": true,
	"sends": true, "forwards": true, "key": true, "keeps": true, "stand": true, "takes": true, "answers": true, "sets": true, "adds": true}

// ofDocker is a line of a guide that calls another program, with flags of its
// own and a container by our name.
var ofDocker = regexp.MustCompile(`(?m)^docker .*$`)

// foreignFlags are other programs' that a help names.
var foreignFlags = map[string]bool{"cacert": true, "id": true}

// untilNextCommand ends where another program's command begins.
func untilNextCommand(line string) string {
	for _, end := range []string{"; ", " | ", " && ", "` or", "fastly ", "terraform ", "curl "} {
		if i := strings.Index(line, end); i > 0 {
			line = line[:i]
		}
	}
	return line
}

// everyText gives the strings of the sources of this command, the README and
// the guides.
func everyText(t *testing.T, take func(where, text string)) {
	var sources []string
	for _, pattern := range []string{"../*/*.go", "../../core/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		sources = append(sources, files...)
	}
	quoted := regexp.MustCompile("(?s)`[^`]*`|\"(?:[^\"\\\\\n]|\\\\.)*\"")
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, s := range quoted.FindAllString(string(text), -1) {
			take(name, s)
		}
	}
	for _, pattern := range []string{"../../README.md", "../docs/*.md", "../examples/README.md", "../terraform/README.md", "../testmail/mail.*"} {
		pages, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, pages, pattern)
		for _, name := range pages {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			take(name, string(text))
		}
	}
}
