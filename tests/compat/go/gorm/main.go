// GORM, made for PostgreSQL: migrations of models, again and changed, and what applications do with them.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"palmetto-go-clients/check"
)

type company struct {
	ID   uint
	Name string `gorm:"uniqueIndex;size:100"`
}

type person struct {
	gorm.Model
	Name      string  `gorm:"index"`
	Email     *string `gorm:"uniqueIndex:,where:deleted_at IS NULL"`
	Age       int8    `gorm:"check:age > 0;default:18;comment:in years"`
	Birthday  *time.Time
	CompanyID *uint
	Company   *company `gorm:"constraint:OnDelete:SET NULL"`
	Cards     []card
	Languages []language `gorm:"many2many:person_languages"`
	Score     float64    `gorm:"type:decimal(10,2)"`
	Picture   []byte
}

type card struct {
	ID       uint
	PersonID uint
	Number   string `gorm:"unique"`
}

type language struct {
	Code string `gorm:"primaryKey"`
	Name string
}

// What a later release of the application makes of person.
type grownPerson struct {
	gorm.Model
	Name  string `gorm:"type:varchar(300);not null;default:'nobody'"`
	Age   int64
	Extra string
}

func (grownPerson) TableName() string { return "people" }

var db *gorm.DB

func models() []any { return []any{&company{}, &person{}, &card{}, &language{}} }

func migrations() error {
	if err := db.AutoMigrate(models()...); err != nil {
		return err
	}
	m := db.Migrator()
	return check.All(
		db.AutoMigrate(models()...),
		check.Equal(m.HasIndex(&person{}, "idx_people_name"), true),
		check.Equal(m.HasConstraint(&person{}, "chk_people_age"), true),
		check.Equal(m.HasConstraint(&company{}, "uni_companies_name"), false),
		check.Equal(m.HasTable("person_languages"), true),
	)
}

func associations() error {
	email := "ann@example.org"
	ann := person{Name: "ann", Email: &email, Company: &company{Name: "co"}, Cards: []card{{Number: "1"}, {Number: "2"}},
		Languages: []language{{"de", "German"}, {"en", "English"}}, Score: 1.25, Picture: []byte{0, 255}}
	var found person
	return check.All(
		db.Create(&ann).Error,
		check.Equal([]uint{ann.ID, ann.Cards[1].ID, *ann.CompanyID}, []uint{1, 2, 1}),
		check.Equal(ann.Age, int8(18)),
		db.Preload(clause.Associations).First(&found, ann.ID).Error,
		check.Equal([]int{len(found.Cards), len(found.Languages)}, []int{2, 2}),
		check.Equal(found.Company.Name, "co"),
		check.Equal(found.Picture, []byte{0, 255}),
		check.Equal(found.Score, 1.25),
	)
}

func batches() error {
	var people []person
	for i := 0; i < 250; i++ {
		people = append(people, person{Name: fmt.Sprint("n", i), Age: int8(i%50 + 1)})
	}
	var rows []struct{ Age, Total int }
	return check.All(
		db.CreateInBatches(people, 100).Error,
		check.Equal(people[249].ID, uint(251)),
		db.Model(&person{}).Select("age, sum(age) / 2 AS total").Where("name LIKE ?", "n%").Group("age").Order("age").Limit(2).
			Find(&rows).Error,
		check.Equal(rows, []struct{ Age, Total int }{{1, 2}, {2, 5}}),
	)
}

func conflicts() error {
	email := "ann@example.org"
	var refused *pgconn.PgError
	var german language
	return check.All(
		check.Equal(errors.As(db.Create(&person{Name: "dup", Email: &email}).Error, &refused), true),
		check.Equal(refused.Code+" "+refused.ConstraintName, "23505 idx_people_email"),
		db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "code"}}, DoUpdates: clause.AssignmentColumns([]string{"name"})}).
			Create(&language{"de", "Deutsch"}).Error,
		db.First(&german, "code = ?", "de").Error,
		check.Equal(german.Name, "Deutsch"),
	)
}

func transactions() error {
	var n int64
	return check.All(
		db.Transaction(func(outer *gorm.DB) error {
			if err := outer.Create(&language{"fr", "French"}).Error; err != nil {
				return err
			}
			_ = outer.Transaction(func(inner *gorm.DB) error {
				inner.Create(&language{"it", "Italian"})
				return errors.New("undone")
			})
			var locked language
			return outer.Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).First(&locked).Error
		}),
		db.Model(&language{}).Count(&n).Error,
		check.Equal(n, int64(3)),
	)
}

func changes() error {
	m := db.Migrator()
	if err := db.AutoMigrate(&grownPerson{}); err != nil {
		return err
	}
	types, err := m.ColumnTypes(&grownPerson{})
	names := map[string]string{}
	for _, column := range types {
		names[column.Name()] = column.DatabaseTypeName()
	}
	return check.All(
		err,
		check.Equal([]string{names["age"], names["name"], names["extra"], names["rowid"]}, []string{"int8", "varchar", "text", ""}),
		m.RenameColumn(&grownPerson{}, "extra", "more"),
		m.DropColumn(&grownPerson{}, "more"),
		m.DropConstraint(&person{}, "chk_people_age"),
		m.RenameTable("cards", "old_cards"),
		m.DropTable("old_cards"),
	)
}

func main() {
	var err error
	db, err = gorm.Open(postgres.Open(os.Getenv("DATABASE_URL")), &gorm.Config{Logger: logger.Default.LogMode(logger.Silent)})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	check.Run("migrations", migrations)
	check.Run("associations", associations)
	check.Run("batches", batches)
	check.Run("conflicts", conflicts)
	check.Run("transactions", transactions)
	check.Run("changes", changes)
	check.Done()
}
