// Makes the requests of a file through clients of OpenAPI Generator, and prints each answer as a
// line of JSON. run.ts puts the clients beside this program, each in a folder named after its
// service.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"

	"clients/quotes"
	"clients/search"
	"clients/shop"
	"clients/users"
)

type parameter struct {
	Name  string
	In    string
	Value json.RawMessage
}

type request struct {
	Service     string
	URL         string
	Tag         string
	Operation   string
	Parameters  []parameter
	Body        json.RawMessage
	Model       string
	Headers     map[string]string
	Credentials struct {
		AdminKey        string
		AdminKeyBearer  string
		UserCredentials struct{ ID, Password string }
	}
}

// failure is what the errors of all clients are.
type failure interface {
	Body() []byte
	Model() any
}

// clientOf answers with the client of a service, and with a context that bears the credentials. A
// client has the keys of the schemes that its document names.
func clientOf(r request) (any, context.Context) {
	key, user := r.Credentials.AdminKey, r.Credentials.UserCredentials
	switch r.Service {
	case "users":
		c := users.NewConfiguration()
		c.Servers, c.DefaultHeader = users.ServerConfigurations{{URL: r.URL}}, r.Headers
		return users.NewAPIClient(c), bearing(r, users.ContextAPIKeys,
			map[string]users.APIKey{"adminKey": {Key: key}}, users.ContextAccessToken,
			users.ContextBasicAuth, users.BasicAuth{UserName: user.ID, Password: user.Password})
	case "quotes":
		c := quotes.NewConfiguration()
		c.Servers, c.DefaultHeader = quotes.ServerConfigurations{{URL: r.URL}}, r.Headers
		return quotes.NewAPIClient(c), bearing(r, quotes.ContextAPIKeys,
			map[string]quotes.APIKey{"adminKey": {Key: key}}, quotes.ContextAccessToken,
			quotes.ContextBasicAuth, quotes.BasicAuth{UserName: user.ID, Password: user.Password})
	case "search":
		c := search.NewConfiguration()
		c.Servers, c.DefaultHeader = search.ServerConfigurations{{URL: r.URL}}, r.Headers
		return search.NewAPIClient(c), context.Background()
	case "shop":
		c := shop.NewConfiguration()
		c.Servers, c.DefaultHeader = shop.ServerConfigurations{{URL: r.URL}}, r.Headers
		return shop.NewAPIClient(c), bearing(r, shop.ContextAPIKeys,
			map[string]shop.APIKey{"adminKey": {Key: key}}, shop.ContextAccessToken, nil, nil)
	}
	panic("no client of " + r.Service)
}

// bearing puts the credentials of a request into a context, under the keys of a client.
func bearing(r request, keyKey, keys, tokenKey, basicKey, basic any) context.Context {
	ctx := context.Background()
	switch {
	case r.Credentials.AdminKey != "":
		return context.WithValue(ctx, keyKey, keys)
	case r.Credentials.AdminKeyBearer != "":
		return context.WithValue(ctx, tokenKey, r.Credentials.AdminKeyBearer)
	case r.Credentials.UserCredentials.ID != "":
		return context.WithValue(ctx, basicKey, basic)
	}
	return ctx
}

// exported is the name that the clients give to a function.
func exported(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' })
	for i, part := range parts {
		parts[i] = strings.ToUpper(part[:1]) + part[1:]
	}
	return strings.Join(parts, "")
}

// decoded reads a value of JSON as the type that a function takes.
func decoded(value json.RawMessage, kind reflect.Type) reflect.Value {
	target := reflect.New(kind)
	if err := json.Unmarshal(value, target.Interface()); err != nil {
		panic(err)
	}
	return target.Elem()
}

func method(of reflect.Value, name string) reflect.Value {
	found := of.MethodByName(exported(name))
	if !found.IsValid() {
		panic(fmt.Sprintf("%s has no function %s", of.Type(), exported(name)))
	}
	return found
}

// plain is what a client answers with, in types that JSON has.
func plain(value any) any {
	if file, ok := value.(*os.File); ok {
		content, err := io.ReadAll(file)
		if err != nil {
			panic(err)
		}
		return string(content)
	}
	return value
}

func send(r request) map[string]any {
	client, ctx := clientOf(r)
	api := reflect.ValueOf(client).Elem().FieldByName(exported(r.Tag) + "API")
	start := method(api, r.Operation)
	arguments := []reflect.Value{reflect.ValueOf(ctx)}
	for _, p := range r.Parameters {
		if p.In == "path" {
			arguments = append(arguments, decoded(p.Value, start.Type().In(len(arguments))))
		}
	}
	call := start.Call(arguments)[0]
	set := func(name string, value json.RawMessage) {
		setter := method(call, name)
		call = setter.Call([]reflect.Value{decoded(value, setter.Type().In(0))})[0]
	}
	for _, p := range r.Parameters {
		if p.In != "path" {
			set(p.Name, p.Value)
		}
	}
	if r.Body != nil {
		set(r.Model, r.Body)
	}
	results := method(call, "Execute").Call(nil)
	count := len(results)
	err, _ := results[count-1].Interface().(error)
	response, _ := results[count-2].Interface().(*http.Response)
	if response == nil {
		panic(err)
	}
	answer := map[string]any{"status": response.StatusCode}
	var problem failure
	switch {
	case errors.As(err, &problem):
		answer["body"] = problem.Model()
	case err != nil:
		panic(err)
	case count == 3:
		answer["body"] = plain(results[0].Interface())
	}
	return answer
}

func main() {
	content, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var requests []request
	if err := json.Unmarshal(content, &requests); err != nil {
		panic(err)
	}
	output := json.NewEncoder(os.Stdout)
	for _, r := range requests {
		if err := output.Encode(send(r)); err != nil {
			panic(err)
		}
	}
}
