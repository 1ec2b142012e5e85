package main

import (
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// byteByByte are the options with which kong keeps texts as they are, since
// names of files need not be UTF-8. Its own way goes through JSON, which puts one
// character in the place of all bytes that are none.
func byteByByte() []kong.Option {
	as := func(change func(string) string) kong.MapperFunc {
		return func(ctx *kong.DecodeContext, target reflect.Value) error {
			token, err := ctx.Scan.PopValue("string")
			if err != nil {
				return err
			}
			target.SetString(change(fmt.Sprint(token.Value)))
			return nil
		}
	}
	return []kong.Option{
		kong.KindMapper(reflect.String, as(func(s string) string { return s })),
		kong.NamedMapper("path", as(kong.ExpandPath)),
	}
}
