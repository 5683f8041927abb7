package complete

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
)

const noFiles = cobra.ShellCompDirectiveNoFileComp

// completer knows one file of sites.
func completer(t *testing.T) *Completer {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"link.example.com": {"esp": "customerio-eu", "destinations": ["example.com"], "keys": ["k2", "k1"]},
		"mail.example.com": {"esp": "mailgun"}}}`))
	require.NoError(t, err)
	return &Completer{Load: func(file string) (*core.Sites, error) {
		if file != "sites.json" {
			return nil, errors.New("there is no such file")
		}
		return sites, nil
	}}
}

func run(*cobra.Command, []string) {}

// tree is a command of this use line below "clickedge", with these flags.
func tree(use string, flags ...string) (root, cmd *cobra.Command) {
	root, cmd = &cobra.Command{Use: "clickedge"}, &cobra.Command{Use: use, Run: run}
	cmd.Flags().String("sites", "sites.json", "the `file` of sites")
	for _, name := range flags {
		cmd.Flags().String(name, "", "a value")
	}
	root.AddCommand(cmd)
	root.SetOut(io.Discard)
	return root, cmd
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		command, flag string
		has           string // "" for nothing at all
		lacks         string
		directive     cobra.ShellCompDirective
	}{
		{"explain", "host", "mail.example.com", "", noFiles},
		{"sign", "host", "link.example.com", "mail.example.com", noFiles},
		{"migrate", "host", "", "link.example.com", noFiles},
		{"keys", "kid", "k1", "", noFiles},
		{"explain", "method", "POST", "", noFiles},
		{"dns", "ca", "certainly", "", noFiles},
		{"doctor", "ca", "", "certainly", noFiles},
		{"migrate", "from", "nginx", "", noFiles},
		{"testmail", "from", "", "nginx", noFiles},
		{"doctor", "esp", "customerio-eu", "", noFiles | cobra.ShellCompDirectiveKeepOrder},
		{"serve", "fault", "mailgun=429", "", noFiles},
		{"serve", "origins", "mailgun=http", "", noFiles | cobra.ShellCompDirectiveNoSpace},
		{"dns", "challenge", "link.example.com=", "", noFiles | cobra.ShellCompDirectiveNoSpace},
		{"keys", "minted-until", "k2=", "", noFiles | cobra.ShellCompDirectiveNoSpace},
		{"explain", "of-which-nothing-is-known", "", "", noFiles},
	} {
		root, cmd := tree(c.command, c.flag)
		completer(t).All(root)
		offer, there := cmd.GetFlagCompletionFunc(c.flag)
		require.True(t, there, "%+v", c)
		values, directive := offer(cmd, nil, "")
		require.Equal(t, c.directive, directive, "%+v", c)
		if c.has == "" {
			require.Empty(t, values, "%+v", c)
			continue
		}
		require.Contains(t, values, c.has)
		require.NotContains(t, values, c.lacks)
	}
}

// Files are the shell's to complete; what a command says itself stays.
func TestFlagsThatAreLeftAlone(t *testing.T) {
	root, cmd := tree("build", "method")
	cmd.Flags().String("out", "", "the `file` to write")
	cmd.Flags().String("ca", "", "authorities in this PEM file")
	cmd.Flags().Bool("json", false, "print JSON")
	require.NoError(t, cmd.RegisterFlagCompletionFunc("method", oneOf("its own")))
	completer(t).All(root)
	for _, name := range []string{"out", "ca", "json", "sites"} {
		_, there := cmd.GetFlagCompletionFunc(name)
		require.False(t, there, name)
	}
	offer, _ := cmd.GetFlagCompletionFunc("method")
	values, _ := offer(cmd, nil, "")
	require.Equal(t, []string{"its own"}, values)
}

// Behind a host come the ESPs that it has, and then nothing.
func TestArgumentsHostThenESP(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]},
		"own.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}}}`))
	require.NoError(t, err)
	root, cmd := tree("retire HOST ESP --log LOG", "successor")
	(&Completer{Load: func(string) (*core.Sites, error) { return sites, nil }}).All(root)
	for typed, want := range map[string][]string{
		"":                              {"link.example.com", "own.example.com"},
		"link.example.com":              {"customerio-eu", "sendgrid"},
		"own.example.com":               nil,
		"none.example.com":              nil,
		"link.example.com sendgrid":     nil,
		"link.example.com sendgrid odd": nil,
	} {
		values, directive := cmd.ValidArgsFunction(cmd, strings.Fields(typed), "")
		require.Equal(t, want, values, typed)
		require.Equal(t, noFiles, directive)
	}
	offer, _ := cmd.GetFlagCompletionFunc("successor")
	values, _ := offer(cmd, nil, "")
	require.Subset(t, values, []string{"none", "mailgun"})
}

func TestArguments(t *testing.T) {
	for use, c := range map[string]struct {
		values    []string
		directive cobra.ShellCompDirective
	}{
		"push [KID...] (--key-file FILE)": {[]string{"k2", "k1"}, noFiles},
		"check [sites.json] [--json]":     {[]string{"json"}, cobra.ShellCompDirectiveFilterFileExt},
		"hash [pkg/clickedge.tar.gz]":     {[]string{"gz", "tgz"}, cobra.ShellCompDirectiveFilterFileExt},
		"doctor HOST | URL":               {[]string{"link.example.com", "mail.example.com"}, noFiles},
		"man [-o folder | COMMAND…]":      {[]string{"man"}, noFiles},
		"explain URL | curl …":            {nil, noFiles},
		"put HOST FILE":                   {[]string{"link.example.com", "mail.example.com"}, noFiles},
		"undo HOST [NUMBER | URL]":        {[]string{"link.example.com", "mail.example.com"}, noFiles},
	} {
		root, cmd := tree(use)
		completer(t).All(root)
		values, directive := cmd.ValidArgsFunction(cmd, nil, "")
		require.Equal(t, c.values, values, use)
		require.Equal(t, c.directive, directive, use)
	}
	root, put := tree("put HOST FILE")
	completer(t).All(root)
	values, directive := put.ValidArgsFunction(put, []string{"link.example.com"}, "")
	require.Empty(t, values)
	require.Equal(t, cobra.ShellCompDirectiveDefault, directive, "the second one is a file")
	for _, use := range []string{"missed [LOG...]", "sign FILE"} {
		root, cmd := tree(use)
		completer(t).All(root)
		require.Nil(t, cmd.ValidArgsFunction, "%s: files", use)
	}
}

// Without sites.json, or where it would be typed, there is nothing to offer and
// no error in the shell.
func TestWithoutSites(t *testing.T) {
	for _, file := range []string{"none.json", "-"} {
		root, cmd := tree("sign", "host")
		require.NoError(t, cmd.Flags().Set("sites", file))
		completer(t).All(root)
		offer, _ := cmd.GetFlagCompletionFunc("host")
		values, directive := offer(cmd, nil, "")
		require.Empty(t, values, file)
		require.Equal(t, noFiles, directive)
	}
}

// Each fault that is offered is one that serve takes.
func TestFaults(t *testing.T) {
	sites, err := completer(t).Load("sites.json")
	require.NoError(t, err)
	require.Len(t, faults(sites), 2*7)
}

// What --esp names is, as a rule, an ESP of sites.json: those come first, and
// testmail takes no other.
func TestESPsOfSites(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"link.example.com": {"esp": "none", "also": [{"esp": "sparkpost"}, {"esp": "sendgrid", "retired": true}]},
		"mail.example.com": {"esp": "mailgun"}}}`))
	require.NoError(t, err)
	c := &Completer{Load: func(string) (*core.Sites, error) { return sites, nil }}
	ask := func(command string, args ...string) []string {
		root, cmd := tree(command, "esp")
		c.All(root)
		values, ok := cmd.GetFlagCompletionFunc("esp")
		require.True(t, ok)
		list, _ := values(cmd, args, "")
		return list
	}
	require.Equal(t, []string{"sparkpost", "sendgrid", "mailgun"}, ask("doctor")[:3])
	require.Equal(t, []string{"sparkpost", "sendgrid"}, ask("doctor", "link.example.com")[:2])
	require.Equal(t, "mailgun", ask("doctor", "mail.example.com")[0])
	require.ElementsMatch(t, presets(), ask("doctor", "link.example.com"))
	require.Equal(t, []string{"sparkpost", "sendgrid", "mailgun"}, ask("testmail"))
}
