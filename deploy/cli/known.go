package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/build"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/input"
)

// knownFlags name the places that are asked what is known of a link.
type knownFlags struct {
	module, archive string
	store           linkStore
}

func (k *knownFlags) add(cmd *cobra.Command) {
	k.store.apiFlags.add(cmd)
	f := cmd.Flags()
	f.StringVar(&k.module, "module", "", "`file` with a built module or package: the learned links inside")
	f.StringVar(&k.archive, "archive", "", "`file` with learned links, which clickedge archive export has written")
	f.StringVar(&k.store.store, "store", "", "also ask the KV store of this `name` or id, as "+contract.LinkStore)
}

// sources asks the places that the flags name; nil where none is named.
func (k *knownFlags) sources(cmd *cobra.Command, env *Env, req *core.Request, site *core.Site) (core.LearnedLinks, error) {
	if err := refuseEmpty(cmd, "store", "archive", "module"); err != nil {
		return nil, err
	}
	if k.store.store == "" && k.store.tokenFile != "" {
		return nil, failure.Usage(errors.New("--token-file is given, but no store to ask"), "name it with --store, as "+contract.LinkStore)
	}
	var list explain.Sources
	if k.module != "" {
		data, err := env.in.Read("the module", k.module, input.MostModule, "clickedge build makes one")
		if err != nil {
			return nil, err
		}
		items, ok := build.Inside(data)
		if !ok {
			return nil, failure.Bad(fmt.Errorf("%s is no module or package that this version of clickedge built", clean.Quote(k.module, 120)), "clickedge build makes one; --archive reads a file of learned links")
		}
		list = append(list, explain.Source{Kind: explain.InModule, Name: k.module, Items: items})
	}
	if k.archive != "" {
		items, err := archive.Load(env.in, k.archive)
		if err != nil {
			return nil, err
		}
		list = append(list, explain.Source{Kind: explain.InFile, Name: k.archive, Items: items})
	}
	if name, ok := explain.LearnedName(req, site); ok && k.store.store != "" {
		s, err := k.ask(cmd.Context(), env, &name)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	if list == nil {
		return nil, nil
	}
	return list, nil
}

// ask reads one entry of the store.
func (k *knownFlags) ask(ctx context.Context, env *Env, name *learned.Name) (s explain.Source, err error) {
	store, err := k.store.open(ctx, env)
	if err != nil {
		return s, err
	}
	s = explain.Source{Kind: explain.InStore, Name: k.store.store}
	value, there, err := store.client.KVValue(ctx, store.id, name.String())
	if err != nil {
		return s, fastlyapi.Failure(err)
	}
	e := learned.ReadEntry(name, value)
	if s.Damaged = there && !e.Decided(); e.Decided() {
		s.Items = []learned.Item{{Name: *name, Entry: e}}
	}
	return s, nil
}
