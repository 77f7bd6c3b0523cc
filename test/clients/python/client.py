"""Makes the requests of a file through clients of OpenAPI Generator.

Each answer is printed as a line of JSON. run.ts puts the clients beside this program, each in a
folder named after its service.
"""

import importlib
import json
import pathlib
import re
import sys


def snake_case(name):
    """The name of a function or parameter in the clients."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def send(request):
    package = importlib.import_module(request["service"] + "_client")
    credentials = request["credentials"]
    user = credentials.get("userCredentials", {})
    configuration = package.Configuration(
        host=request["url"],
        api_key={key: credentials[key] for key in ["adminKey"] if key in credentials},
        access_token=credentials.get("adminKeyBearer"),
        username=user.get("id"),
        password=user.get("password"),
    )
    arguments = {snake_case(one["name"]): one["value"] for one in request["parameters"]}
    if "body" in request:
        model = getattr(package, request["model"])
        arguments[snake_case(request["model"])] = model(**request["body"])
    with package.ApiClient(configuration) as client:
        for name, value in request["headers"].items():
            client.set_default_header(name, value)
        api = getattr(package, request["tag"].capitalize() + "Api")(client)
        method = getattr(api, snake_case(request["operation"]) + "_with_http_info")
        try:
            answer = method(**arguments)
            status, body = answer.status_code, answer.data
        except package.ApiException as error:
            status, body = error.status, error.data
        if isinstance(body, (bytes, bytearray)):
            body = body.decode()
        return {"status": status, "body": client.sanitize_for_serialization(body)}


here = pathlib.Path(__file__).parent
sys.path.extend(str(folder) for folder in here.iterdir() if folder.is_dir())
for request in json.loads(pathlib.Path(sys.argv[1]).read_text()):
    print(json.dumps(send(request)))
