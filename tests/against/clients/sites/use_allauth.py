"""A site of Django's whose people sign in with django-allauth's provider for Microsoft.

use_allauth.py TENANT CLIENT SECRET
"""

import json
import sys

import django
from django.conf import settings
from django.test import Client
from django.urls import include, path
from one_visit import Door

tenant, client, secret = sys.argv[1:]
settings.configure(
    SECRET_KEY="practice",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.microsoft",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    LOGIN_REDIRECT_URL="/in/",
    ACCOUNT_EMAIL_VERIFICATION="none",
    SOCIALACCOUNT_STORE_TOKENS=True,
    SOCIALACCOUNT_PROVIDERS={
        "microsoft": {
            "APPS": [{"client_id": client, "secret": secret, "settings": {"tenant": tenant}}],
            "OAUTH_PKCE_ENABLED": True,
        }
    },
)
django.setup()
urlpatterns = [path("accounts/", include("allauth.urls"))]

from allauth.socialaccount.models import SocialAccount, SocialToken  # noqa: E402
from django.core.management import call_command  # noqa: E402

call_command("migrate", verbosity=0)
door = Door()
site = Client(headers={"host": door.origin.removeprefix("http://")})
to_microsoft = site.post("/accounts/microsoft/login/")
assert to_microsoft.status_code == 302, to_microsoft.content
came_back = site.get(door.visited_from(to_microsoft["Location"]))
if came_back.status_code != 302 or came_back["Location"] != "/in/":
    sys.exit(f"not signed in: {came_back.status_code} {came_back.content.decode()}")
account = SocialAccount.objects.get()
print(
    json.dumps(
        {
            "access_token": SocialToken.objects.get().token,
            "username": account.extra_data["userPrincipalName"],
            "oid": account.uid,
        }
    )
)
