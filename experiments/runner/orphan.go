package runner

import (
	"os"
	"path/filepath"
	"strings"
)

// Orphans are the results of a store that belong to none of the tasks and their
// inputs, by ID: those of a task that was changed, or of an older program.
func (s Store) Orphans(tasks []Task) []string {
	asked := map[string]bool{}
	for _, t := range Closure(tasks) {
		asked[ID(t)] = true
	}
	var orphans []string
	folders, _ := os.ReadDir(filepath.Join(s.Root, tasksFolder)) // none: no results
	for _, f := range folders {
		if strings.Contains(f.Name(), asideMark) {
			continue // what was set aside has been computed again
		}
		if _, err := os.Stat(filepath.Join(s.Root, tasksFolder, f.Name(), resultFile)); err == nil && !asked[f.Name()] {
			orphans = append(orphans, f.Name())
		}
	}
	return orphans
}
