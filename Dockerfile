FROM python:3.11-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu torch \
 && pip install --no-cache-dir ".[web]" && useradd --create-home motion
USER motion
EXPOSE 8888
CMD ["motiongpt", "serve", "--host", "0.0.0.0"]
