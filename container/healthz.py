"""The health check of the container: exits with 1 if the service does not answer, or says that it is not healthy."""

import sys
import urllib.error
import urllib.request

try:
    with urllib.request.urlopen("http://127.0.0.1:9108/healthz", timeout=8) as answer:
        sys.stdout.write(answer.read().decode())
except (urllib.error.URLError, OSError) as error:
    sys.exit(f"not healthy: {error}")
