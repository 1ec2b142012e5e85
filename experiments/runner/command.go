package runner

import (
	"fmt"
	"regexp"
	"strings"
)

// Command is a call of "otfusion experiment run". What is zero is left to the
// program.
type Command struct {
	Names   []string
	Scale   string
	Results string
	Jobs    int
	Shard   Shard
	DataDir string
	Threads int
	Engine  string
}

// Words are the command's, as a program gets them.
func (c Command) Words() []string {
	words := append([]string{"otfusion", "experiment", "run"}, c.Names...)
	add := func(flag string, value any) {
		if text := fmt.Sprint(value); text != "" && text != "0" {
			words = append(words, flag+"="+text)
		}
	}
	add("--scale", c.Scale)
	add("--results", c.Results)
	add("--jobs", c.Jobs)
	add("--shard", c.Shard)
	add("--data-dir", c.DataDir)
	add("--threads", c.Threads)
	add("--compute", c.Engine)
	return words
}

// String is the command for a shell.
func (c Command) String() string {
	words := c.Words()
	for i, w := range words {
		words[i] = quote(w)
	}
	return strings.Join(words, " ")
}

// quote makes one word of a POSIX shell of any text without NUL.
func quote(text string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_./:=,@%+-]+$`).MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
