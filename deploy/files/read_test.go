package files

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func write(t *testing.T, text string) string {
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestRead(t *testing.T) {
	name := write(t, "text")
	got, err := Read(t.Context(), name, nil, 4)
	require.NoError(t, err)
	require.Equal(t, "text", string(got))
	got, err = Read(t.Context(), Std, strings.NewReader("typed"), 5)
	require.NoError(t, err)
	require.Equal(t, "typed", string(got))

	_, err = Read(t.Context(), name, nil, 3)
	require.ErrorAs(t, err, new(*Error))
	require.ErrorContains(t, err, "is 4 bytes long; at most 3 bytes are read")
	_, err = Read(t.Context(), Std, strings.NewReader("typed"), 4)
	require.ErrorAs(t, err, new(*Error))
	require.EqualError(t, err, "standard input goes on after 4 bytes, which is all that is read")
	_, err = Read(t.Context(), filepath.Dir(name), nil, 4)
	require.ErrorAs(t, err, new(*Error))
	require.ErrorContains(t, err, "is a folder, not a file")
	_, err = Read(t.Context(), name+"-not", nil, 4)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Read(t.Context(), Std, iotest.ErrReader(errors.New("unplugged")), 4)
	require.EqualError(t, err, "standard input: unplugged")
}

// The file of 3 GB is sparse, and it is not read.
func TestReadRefusesAHugeFileUnread(t *testing.T) {
	name := write(t, "")
	require.NoError(t, os.Truncate(name, 3<<30))
	_, err := Read(t.Context(), name, nil, 256<<20)
	require.ErrorAs(t, err, new(*Error))
	require.ErrorContains(t, err, "is 3 GiB long; at most 256 MiB are read")
	if _, err := os.Stat("/dev/zero"); err == nil {
		_, err = Read(t.Context(), "/dev/zero", nil, 1<<20)
		require.EqualError(t, err, `"/dev/zero" goes on after 1 MiB, which is all that is read`)
	}
}

func TestReadOtherKinds(t *testing.T) {
	dir, err := os.MkdirTemp("", "f") // the name of a socket is short
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	ln, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer ln.Close()
	_, err = Read(t.Context(), socket, nil, 10)
	require.ErrorContains(t, err, "is a socket, not a file")

	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	go os.WriteFile(fifo, []byte("through"), 0o600)
	got, err := Read(t.Context(), fifo, nil, 10)
	require.NoError(t, err)
	require.Equal(t, "through", string(got))
}

// Reading from a pipe without a writer, or a terminal without input, ends with
// the context.
func TestReadEndsWithTheContext(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	stuck, w := io.Pipe()
	defer w.Close()
	stop := errors.New("stopped")
	for name, stdin := range map[string]io.Reader{fifo: nil, Std: stuck} {
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, err := Read(ctx, name, stdin, 10)
			done <- err
		}()
		cancel(stop)
		require.ErrorIs(t, <-done, stop, name)
	}
	// One that is open already.
	done := make(chan error)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		_, err := Read(ctx, fifo, nil, 10)
		done <- err
	}()
	f, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	cancel(stop)
	require.ErrorIs(t, <-done, stop)
}

func TestInterruptiblePassesAllOn(t *testing.T) {
	text := strings.Repeat("0123456789", 50_000)
	for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text[:1000])), iotest.DataErrReader(strings.NewReader(text))} {
		got, err := io.ReadAll(Interruptible(t.Context(), r))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(text, string(got)))
		require.NotEmpty(t, got)
	}
	require.NoError(t, iotest.TestReader(Interruptible(t.Context(), strings.NewReader("abc")), []byte("abc")))
}

func pack(t *testing.T, parts ...string) string {
	var b bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(p))
		require.NoError(t, err)
		require.NoError(t, z.Close())
	}
	return b.String()
}

func TestOpen(t *testing.T) {
	for want, text := range map[string]string{
		"":             "",
		"a":            "a",
		"plain\n":      "plain\n",
		"one\ntwo\n":   pack(t, "one\n", "two\n"), // as cat a.gz b.gz makes them
		"\x1f":         "\x1f",
		"only\x1f\x8b": "only\x1f\x8b",
	} {
		for name, stdin := range map[string]string{write(t, text): "", Std: text} {
			r, err := Open(t.Context(), name, strings.NewReader(stdin))
			require.NoError(t, err, "%q", text)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Equal(t, want, string(got))
			require.NoError(t, r.Close())
		}
	}
	gz := pack(t, "", "")
	r, err := Open(t.Context(), Std, strings.NewReader(gz))
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Empty(t, got)
}

// Half a log must not be counted as a whole one.
func TestOpenNamesWhatIsBroken(t *testing.T) {
	whole := pack(t, strings.Repeat("a line that is packed\n", 1000))
	read := func(text string) error {
		r, err := Open(t.Context(), Std, strings.NewReader(text))
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.Copy(io.Discard, r)
		return err
	}
	for _, n := range []int{3, 9, 10, 20, len(whole) - 9, len(whole) - 1} {
		err := read(whole[:n])
		require.ErrorAs(t, err, new(*Error), "%d", n)
		require.ErrorContains(t, err, "standard input is compressed with gzip and breaks off", "%d", n)
	}
	damaged := []byte(whole)
	damaged[len(damaged)-6] ^= 1
	require.ErrorContains(t, read(string(damaged)), "damaged")
	require.ErrorContains(t, read("\x1f\x8bnot at all, however long"), "damaged")
	for _, more := range []string{"\n", "x", "trailing bytes of another kind", "\x00\x00x", "\x1fx", "{}\n"} {
		err := read(whole + more)
		require.ErrorAs(t, err, new(*Error), "%q", more)
		require.EqualError(t, err, "standard input is compressed with gzip, but the text after the compressed part is not gzip's", "%q", more)
	}
	// An incomplete further part is an error.
	for _, more := range []string{"\x1f", "\x1f\x8b", whole[:15]} {
		require.ErrorContains(t, read(whole+more), "breaks off", "%q", more)
	}
	require.NoError(t, read(whole+strings.Repeat("\x00", 1000)))
	require.NoError(t, read(whole+whole+"\x00"))

	for text, says := range map[string]string{
		"\x28\xb5\x2f\xfd....": "zstd", "BZh91AY": "bzip2", "\xfd7zXZ\x00..": "xz", "PK\x03\x04....": "zip",
	} {
		err := read(text)
		require.ErrorAs(t, err, new(*Error))
		require.ErrorContains(t, err, "is compressed with "+says)
		require.Contains(t, err.(*Error).Hint, "unpack it first: ")
	}
	_, err := Open(t.Context(), t.TempDir(), nil)
	require.ErrorContains(t, err, "is a folder, not a file")
}

func TestUnpacked(t *testing.T) {
	require.NoError(t, Unpacked("x", []byte(`{"sites": {}}`)))
	err := Unpacked("sites.json.gz", []byte(pack(t, "{}")))
	require.ErrorContains(t, err, "is compressed with gzip")
	require.Equal(t, "unpack it first: gzip -dc sites.json.gz", err.(*Error).Hint)
}

func TestOpenEndsWithTheContext(t *testing.T) {
	stuck, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error)
	go func() {
		r, err := Open(ctx, Std, stuck)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		done <- err
	}()
	_, err := w.Write([]byte("{}\n{}\n{}\n"))
	require.NoError(t, err)
	stop := errors.New("stopped")
	cancel(stop)
	require.ErrorIs(t, <-done, stop)
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 1023: "1023 bytes", 1 << 10: "1 KiB", 3 << 30: "3 GiB", 1<<20 + 1<<19: "1.5 MiB"} {
		require.Equal(t, want, Size(n))
	}
}
