import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Makes the requests of a file through clients of OpenAPI Generator, and prints each answer as a
 * line of JSON. run.ts puts the clients beside this program, each in a folder named after its
 * service.
 */
public final class Client {
  public static void main(String[] arguments) throws Exception {
    String requests = Files.readString(Path.of(arguments[0]));
    for (JsonElement request : JsonParser.parseString(requests).getAsJsonArray()) {
      System.out.println(send(request.getAsJsonObject()));
    }
    // The connections of the clients would keep the process for some minutes.
    System.exit(0);
  }

  private static JsonObject send(JsonObject request) throws Exception {
    String service = text(request, "service");
    Class<?> clientClass = Class.forName(service + ".client.ApiClient");
    Object client = clientClass.getConstructor().newInstance();
    set(client, "setBasePath", text(request, "url"));
    authenticate(client, request.getAsJsonObject("credentials"));
    for (Map.Entry<String, JsonElement> field : request.getAsJsonObject("headers").entrySet()) {
      clientClass
          .getMethod("addDefaultHeader", String.class, String.class)
          .invoke(client, field.getKey(), field.getValue().getAsString());
    }
    Class<?> apiClass = Class.forName(service + ".api." + capitalised(text(request, "tag")) + "Api");
    Object api = apiClass.getConstructor(clientClass).newInstance(client);
    Gson gson = (Gson) Class.forName(service + ".client.JSON").getMethod("getGson").invoke(null);
    JsonObject answer = new JsonObject();
    try {
      Method method = method(apiClass, text(request, "operation") + "WithHttpInfo");
      Object result = method.invoke(api, arguments(method, request, gson));
      answer.addProperty("status", (Integer) get(result, "getStatusCode"));
      answer.add("body", plain(get(result, "getData"), gson));
    } catch (InvocationTargetException exception) {
      Throwable cause = exception.getCause();
      if (!cause.getClass().getName().equals(service + ".client.ApiException")) throw exception;
      answer.addProperty("status", (Integer) get(cause, "getCode"));
      answer.add("body", JsonParser.parseString((String) get(cause, "getResponseBody")));
    }
    return answer;
  }

  private static void authenticate(Object client, JsonObject credentials) throws Exception {
    if (credentials.has("adminKey")) set(client, "setApiKey", text(credentials, "adminKey"));
    if (credentials.has("adminKeyBearer")) {
      set(client, "setBearerToken", text(credentials, "adminKeyBearer"));
    }
    if (credentials.has("userCredentials")) {
      JsonObject user = credentials.getAsJsonObject("userCredentials");
      set(client, "setUsername", text(user, "id"));
      set(client, "setPassword", text(user, "password"));
    }
  }

  /** The arguments of a method, each found by the name of its parameter; others are null. */
  private static Object[] arguments(Method method, JsonObject request, Gson gson) {
    Map<String, JsonElement> given = new HashMap<>();
    for (JsonElement element : request.getAsJsonArray("parameters")) {
      JsonObject parameter = element.getAsJsonObject();
      given.put(camelCase(text(parameter, "name")), parameter.get("value"));
    }
    if (request.has("body")) given.put(camelCase(text(request, "model")), request.get("body"));
    Object[] arguments =
        Arrays.stream(method.getParameters())
            .map(
                parameter ->
                    gson.fromJson(
                        given.remove(parameter.getName()), parameter.getParameterizedType()))
            .toArray();
    if (!given.isEmpty()) throw new IllegalArgumentException(method + " has no " + given.keySet());
    return arguments;
  }

  private static JsonElement plain(Object data, Gson gson) throws Exception {
    if (data == null) return JsonNull.INSTANCE;
    Object value = data instanceof File ? Files.readString(((File) data).toPath()) : data;
    return JsonParser.parseString(gson.toJson(value));
  }

  private static Method method(Class<?> type, String name) {
    return Arrays.stream(type.getMethods())
        .filter(method -> method.getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(type + " has no method " + name));
  }

  private static void set(Object target, String method, String value) throws Exception {
    target.getClass().getMethod(method, String.class).invoke(target, value);
  }

  private static Object get(Object target, String method) throws Exception {
    return target.getClass().getMethod(method).invoke(target);
  }

  private static String text(JsonObject object, String name) {
    return object.get(name).getAsString();
  }

  private static String capitalised(String word) {
    return word.substring(0, 1).toUpperCase() + word.substring(1);
  }

  /** The name of a parameter in the clients. */
  private static String camelCase(String name) {
    StringBuilder text = new StringBuilder();
    for (String part : name.split("[_-]")) text.append(capitalised(part));
    return text.substring(0, 1).toLowerCase() + text.substring(1);
  }
}
